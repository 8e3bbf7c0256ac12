import {Buffer} from 'node:buffer';
import test from 'ava';
import fc from 'fast-check';
import {GrowingBytes} from '../../src/base/growing-bytes.ts';

test('the pieces are joined in their order, whatever their lengths', t => {
	t.notThrows(() =>
		fc.assert(
			fc.property(fc.array(fc.uint8Array({maxLength: 40})), pieces => {
				const growing = new GrowingBytes();
				for (const piece of pieces) growing.add(piece);
				const joined = Buffer.concat(pieces);
				return growing.length === joined.length && growing.bytes.equals(joined);
			}),
		),
	);
});

test('a piece is copied: its memory may be used for something else', t => {
	const growing = new GrowingBytes();
	const piece = Buffer.from('abc');

	growing.add(piece);
	piece.fill('x');

	t.is(growing.bytes.toString(), 'abc');
});

test('bytes that were taken stay what they are when more is added', t => {
	const growing = new GrowingBytes();
	growing.add(Buffer.from('abc'));
	growing.add(Buffer.from('d'));
	const taken = growing.bytes;

	for (let i = 0; i < 10; i++) growing.add(Buffer.from('efg'));

	t.is(taken.toString(), 'abcd');
	t.is(growing.length, 34);
});

test('memory is taken anew a few times only, however many the pieces', t => {
	const growing = new GrowingBytes();
	const memories = new Set<ArrayBufferLike>();

	for (let i = 0; i < 10_000; i++) {
		growing.add(Buffer.from('x'));
		memories.add(growing.bytes.buffer);
	}

	t.is(growing.length, 10_000);
	t.true(memories.size <= 15, `${memories.size} times`);
});
