import test from 'ava';
import {phasesOf} from '../../src/page/phases.ts';

test('phases follow each other: the handshake is before the exchange', t => {
	t.deepEqual(phasesOf({tls: 4, connect: 1, firstByte: 10, total: 12}, 'body'), [
		{name: 'TLS, before it', from: -4, ms: 4},
		{name: 'connect', from: 0, ms: 1},
		{name: 'first byte', from: 1, ms: 9},
		{name: 'body', from: 10, ms: 2},
	]);
});

test('what did not happen has no phase', t => {
	t.deepEqual(phasesOf({total: 3}, 'body'), [{name: 'body', from: 0, ms: 3}]);
	t.deepEqual(
		phasesOf({connect: 2, total: 0}, 'body'),
		[{name: 'connect', from: 0, ms: 2}],
		'it ended before that did',
	);
});

test('what is open has no end yet', t => {
	t.deepEqual(phasesOf({connect: 0, total: 0}, undefined), [{name: 'connect', from: 0, ms: 0}]);
	t.deepEqual(phasesOf({total: 0}, undefined), []);
});
