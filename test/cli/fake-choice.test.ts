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
