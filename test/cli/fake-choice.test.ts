import test from 'ava';
import {readFakeChoice} from '../../src/cli/fake-choice.ts';

test('a fake back-end is a kind, with TLS and a port if wanted', t => {
	t.deepEqual(readFakeChoice('echo'), {behaviour: {kind: 'echo'}, label: 'echo', tls: false, port: 0});
	t.deepEqual(readFakeChoice('tcp-echo+tls:7000'), {
		behaviour: {kind: 'tcp', mode: 'echo'},
		label: 'tcp-echo',
		tls: true,
		port: 7000,
	});
	t.throws(() => readFakeChoice('echo:65536'), {
		message: '"65536" in "echo:65536" is not a port; allowed are 1 to 65535, or 0 for a free one',
	});
	t.throws(() => readFakeChoice('constructor'), {code: 'USAGE'});
	t.throws(() => readFakeChoice('echo+ssl'), {code: 'USAGE'});
});

test('a reply may have a script of statuses', t => {
	t.deepEqual(readFakeChoice('reply=503x2,200:8080'), {
		behaviour: {
			kind: 'reply',
			script: [
				{status: 503, times: 2},
				{status: 200, times: 1},
			],
		},
		label: 'reply',
		tls: false,
		port: 8080,
	});
	for (const [text, answer] of [
		['reply=', ''],
		['reply=503x0', '503x0'],
		['reply=200,101', '101'],
		['reply=503*2', '503*2'],
	] as const) {
		t.throws(() => readFakeChoice(text), {
			message: `"${answer}" in "${text}" is not an answer; write a status from 200 to 599, and how often: 503x2`,
		});
	}
	t.throws(() => readFakeChoice('echo=503'), {message: '"echo=503": only a "reply" takes answers after "="'});
});

test('its certificate may have a defect', t => {
	t.deepEqual(readFakeChoice('reply=200+tls=expired:1'), {
		behaviour: {kind: 'reply', script: [{status: 200, times: 1}]},
		label: 'reply',
		tls: true,
		defect: 'expired',
		port: 1,
	});
	t.throws(() => readFakeChoice('echo+tls=selfsigned'), {
		message:
			'"selfsigned" in "echo+tls=selfsigned" is not a defect of a certificate; allowed are "expired", "not-yet-valid", "wrong-host", "self-signed", "untrusted-ca", "weak-key" or "incomplete-chain"',
	});
});

test('a HAR file may follow, with its times, TLS and a port behind it', t => {
	for (const [text, expected] of [
		['har=session.har', {}],
		['HAR=session.har:3000', {port: 3000}],
		['har=session.har+timings', {timings: true}],
		['har=session.har+tls', {tls: true}],
		['har=session.har+timings+tls=expired:3443', {timings: true, tls: true, defect: 'expired', port: 3443}],
		['har=C:\\a+b\\x:y.har', {file: 'C:\\a+b\\x:y.har'}],
		['har=./a=b/tls+tls.d/x:8', {file: './a=b/tls+tls.d/x', port: 8}],
	] as const) {
		const {file = 'session.har', timings, ...others} = {...expected} as Record<string, unknown>;
		t.deepEqual<unknown, unknown>(
			readFakeChoice(text),
			{
				behaviour: {kind: 'har', file, ...(timings === undefined ? {} : {timings})},
				label: 'har',
				tls: false,
				port: 0,
				...others,
			},
			text,
		);
	}
	for (const text of ['har', 'har=', 'har+tls', 'har:3000', 'har=+timings:80', 'har= ']) {
		t.throws(() => readFakeChoice(text), {
			code: 'USAGE',
			message: `"${text}" names no HAR file; write har=FILE, with "+timings", "+tls" and ":port" behind it if you like`,
		});
	}
	t.throws(() => readFakeChoice('har=a.har:70000'), {
		message: '"70000" in "har=a.har:70000" is not a port; allowed are 1 to 65535, or 0 for a free one',
	});
	t.throws(() => readFakeChoice('har=a.har+tls=old'), {message: /^"old" in "har=a\.har\+tls=old" is not a defect/});
	t.throws(() => readFakeChoice('harr'), {message: /allowed are "echo", .*"har"/});
});
