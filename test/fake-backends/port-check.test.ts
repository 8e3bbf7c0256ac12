import test from 'ava';
import {isListening} from '../../src/fake-backends/port-check.ts';
import {heldPort} from '../helpers/ports.ts';
import {unanswering} from '../helpers/unanswering.ts';

const never = new AbortController().signal;

test('a port is listened on as long as its server runs', async t => {
	const {port, release} = await heldPort(t);

	t.true(await isListening('127.0.0.1', port, never));
	await release();

	t.false(await isListening('127.0.0.1', port, never));
});

test('no answer, such as of an unknown host, means that nothing listens', async t => {
	t.false(await isListening('nobody.invalid', 80, never));
});

test('a check of a port whose queue is full ends with its signal', async t => {
	const port = await unanswering(t);
	const callOff = new AbortController();
	const first = isListening('127.0.0.1', port, never).then(() => 'the first');
	const second = isListening('127.0.0.1', port, callOff.signal).then(() => 'the second');
	await new Promise(setImmediate);

	callOff.abort();

	// Without its signal, the one that began first would be given up first.
	t.is(await Promise.race([first, second]), 'the second');
	t.false(await isListening('127.0.0.1', port, callOff.signal));
});
