import test from 'ava';
import fc from 'fast-check';
import {runs} from '../helpers/depth.ts';
import {readRequest, request, spoiled} from './messages.ts';

const FOLLOWS = 'GET /next';

test('every request is read the same in any pieces', t => {
	let accepted = 0;
	fc.assert(
		fc.property(fc.oneof(request, spoiled), message => {
			const bytes = message + FOLLOWS;
			const whole = readRequest(bytes);
			if (!whole.done) return;
			accepted++;
			for (let cut = 1; cut < bytes.length; cut++) {
				t.deepEqual(readRequest(bytes.slice(0, cut), bytes.slice(cut)), whole);
			}
			t.deepEqual(readRequest(...bytes), whole);
		}),
		{numRuns: runs(300, 60)},
	);
	t.true(accepted > 20, `only ${accepted} were accepted: the generator has lost its aim`);
});

test('every refused request is refused in any pieces', t => {
	let refused = 0;
	fc.assert(
		fc.property(spoiled, bytes => {
			const whole = readRequest(bytes);
			if (whole.refusal === undefined) return;
			refused++;
			t.not(readRequest(...bytes).refusal, undefined, bytes);
			for (let cut = 1; cut < bytes.length; cut++) {
				t.false(readRequest(bytes.slice(0, cut), bytes.slice(cut)).done);
			}
		}),
		{numRuns: runs(300, 60)},
	);
	t.true(refused > 20);
});

test('the forwarded part of a body is never complete before the body is', t => {
	fc.assert(
		fc.property(request, bytes => {
			const whole = readRequest(bytes);
			if (whole.head?.framing !== 'chunked') return;
			const head = 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n';
			t.like(readRequest(head + whole.framed), {done: true, body: whole.body, rest: ''});
			for (let cut = 0; cut < bytes.length; cut++) {
				const part = readRequest(bytes.slice(0, cut));
				if (part.head !== undefined) t.false(readRequest(head + part.framed).done);
			}
		}),
		{numRuns: runs(300, 60)},
	);
});
