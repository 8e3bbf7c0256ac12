import test from 'ava';
import type {Diagnosis} from '../../../src/model/advice.ts';
import type {Advice} from '../../../src/observability/advice/advice.ts';
import {MOST_ADVICE, SaidAdvice} from '../../../src/observability/advice/said-advice.ts';

const about = (more: Partial<Diagnosis> = {}): Diagnosis => ({
	code: 'redirect-loop',
	certainty: 'certain',
	text: () => ({message: 'cause', fix: 'fix'}),
	...more,
});

test('each code is said once for a back-end, a listener, or the two together, and counted', t => {
	const told: Advice[] = [];
	const said = new SaidAdvice('web', advice => told.push(advice));

	for (let i = 0; i < 2; i++) {
		said.note(about({backend: 'a'}), {});
		said.note(about({backend: 'a', listener: 80}), {});
		said.note(about({backend: 'b', listener: 80}), {});
		said.note(about({listener: 80}), {});
		said.note(about({listener: 80, code: 'redirect-to-http'}), {});
	}

	t.deepEqual(
		said.all.map(({backend, listener, code, count}) => [backend, listener, code, count]),
		[
			['a', undefined, 'redirect-loop', 2],
			['a', 80, 'redirect-loop', 2],
			['b', 80, 'redirect-loop', 2],
			[undefined, 80, 'redirect-loop', 2],
			[undefined, 80, 'redirect-to-http', 2],
		],
	);
	t.deepEqual(told, said.all);
});

test('texts are put together once', t => {
	let texts = 0;
	const said = new SaidAdvice('web', () => {});
	const text = () => {
		texts++;
		return {message: 'cause', fix: 'fix'};
	};

	for (let i = 0; i < 3; i++) said.note(about({text}), {});

	t.is(texts, 1);
});

test('100,000 different things neither grow it nor are told', t => {
	let told = 0;
	const said = new SaidAdvice('web', () => told++);

	for (let i = 0; i < 100_000; i++) said.note(about({backend: `b${i}`}), {});
	said.note(about({backend: 'b0'}), {});

	t.is(said.all.length, MOST_ADVICE);
	t.is(told, MOST_ADVICE);
	t.is(said.all[0]?.count, 2);
});

test('what was cleared is said again', t => {
	let told = 0;
	const said = new SaidAdvice('web', () => told++);
	said.note(about(), {});

	said.clear();
	t.deepEqual(said.all, []);
	said.note(about(), {});

	t.is(said.all[0]?.count, 1);
	t.is(told, 2);
});

test('as JSON it has what proves it in short, and as text all that people need', t => {
	const said = new SaidAdvice('web', () => {});
	const day = new Date(0);
	const certificate = {names: ['web.test'], notBefore: day, notAfter: day, fingerprint256: 'AB'};
	const probe = {target: 'HTTP:80/', address: '127.0.0.1:1', result: 'HTTP 301', ms: 1, atMs: 0};
	said.note(about({backend: 'a'}), {certificate, probe});

	t.deepEqual(JSON.parse(JSON.stringify(said.all)), [
		{
			code: 'redirect-loop',
			loadBalancer: 'web',
			backend: 'a',
			certainty: 'certain',
			message: 'cause',
			fix: 'fix',
			count: 1,
			probe: {target: 'HTTP:80/', address: '127.0.0.1:1', result: 'HTTP 301', at: '1970-01-01T00:00:00.000Z'},
			certificate: {
				names: ['web.test'],
				notBefore: '1970-01-01T00:00:00.000Z',
				notAfter: '1970-01-01T00:00:00.000Z',
				fingerprint256: 'AB',
			},
		},
	]);
	t.is(String(said.all[0]), 'web: cause. fix');
});
