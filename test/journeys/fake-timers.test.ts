import test from 'ava';
import {compiled} from '../helpers/compiled.ts';
import {runProgram} from '../helpers/programs.ts';

const PROGRAM = compiled('test/helpers/life-under-fake-timers.ts');

/** What a life of a load balancer saw in a process whose timers are faked; see the program. */
const life = test.macro({
	exec: async (t, how: string, expected: Record<string, unknown>) => {
		const ran = await runProgram(t, process.execPath, [PROGRAM, how]);

		t.deepEqual(JSON.parse(ran?.stdout ?? ''), expected);
		t.is(ran?.code, 0);
	},
	title: (_, how) => `the life of a load balancer with fake timers: ${how}`,
});

const WHOLE = {answer: 'HTTP/1.1 200 OK', fetched: ['mine', 'mine'], logged: 3, ofLongAgo: false, warnings: []};

// The date is faked in each of them: the certificates are made, and verified, by the real one.
test(life, 'node:test', WHOLE);
test(life, 'sinon', WHOLE);

const NO_FETCH = 'TIMERS_FAKED: queueMicrotask is faked: the HTTP client behind lb.fetch() waits for it';
test(life, 'sinon, queueMicrotask too', {...WHOLE, fetched: [NO_FETCH, NO_FETCH], logged: 1});

test(life, 'sinon, nextTick too', {
	error: 'TIMERS_FAKED: process.nextTick is faked: the sockets and streams of Node wait for it',
});
test(life, 'node:test, before the import', {
	error: 'TIMERS_FAKED: setTimeout, setInterval, setImmediate had been faked when lb-local was imported',
});
test(life, 'sinon, queueMicrotask too, before the import', {
	error:
		'TIMERS_FAKED: setTimeout, setInterval, setImmediate, queueMicrotask had been faked when lb-local was imported',
});
