import test from 'ava';
import {adviceLines, RunAdvice} from '../../src/cli/advice-lines.ts';
import type {Advice} from '../../src/index.ts';

const plain = (_: unknown, text: string) => text;

const ADVICE: Advice = {
	code: 'redirect-loop',
	loadBalancer: 'web',
	certainty: 'certain',
	message: 'The cause \x1b[31m',
	fix: 'The fix.',
	count: 3,
};

test('advice is two lines: the cause and the fix, and how sure it is where it is not certain', t => {
	t.deepEqual(adviceLines(ADVICE, plain), ['advice: web: The cause \\x1b[31m', '  fix: The fix.']);
	t.is(adviceLines({...ADVICE, certainty: 'likely'}, plain)[0], 'advice: web: The cause \\x1b[31m (likely)');
});

test('the end of a run shows each piece with its count, ten at most', t => {
	const said = new RunAdvice(plain);
	t.deepEqual(said.report(), []);

	said.add(ADVICE);
	t.deepEqual(said.report(), [
		'lb-local: a piece of advice; docs/advice.md explains each',
		'  advice: web: The cause \\x1b[31m, 3 times',
		'    fix: The fix.',
	]);
	for (let i = 0; i < 11; i++) said.add({...ADVICE, count: 1});
	const lines = said.report();

	t.is(lines[0], 'lb-local: 12 pieces of advice; docs/advice.md explains each');
	t.is(lines.length, 22);
	t.is(lines[3], '  advice: web: The cause \\x1b[31m, 1 time');
	t.is(lines[21], '  and 2 more');
});
