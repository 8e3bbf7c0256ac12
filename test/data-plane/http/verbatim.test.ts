import test from 'ava';
import fc from 'fast-check';
import {RequestHead, readRequestHead} from '../../../src/codec/request-head.ts';
import {ResponseHead, readResponseHead} from '../../../src/codec/response-head.ts';
import {answerHeadText, framingFor} from '../../../src/data-plane/http/answer-head.ts';
import {request} from '../../codec/messages.ts';
import {runs} from '../../helpers/depth.ts';

test('a request that is forwarded verbatim is what would be put together from its parts', t => {
	let verbatim = 0;
	let changed = 0;
	const check = (message: string) => {
		const head = readRequestHead(message.slice(0, message.indexOf('\r\n\r\n') + 4));
		if (!(head instanceof RequestHead)) return;
		if (head.verbatim === '') changed++;
		else {
			verbatim++;
			t.is(head.verbatim, `${head.method} ${head.target} HTTP/1.1\r\n${head.fields}`);
		}
	};

	check('GET /a?b HTTP/1.1\r\nhOst: a\r\nX-Empty:\r\nAccept: */*\r\n\r\n');
	check('OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n');
	t.is(verbatim, 2);
	// HTTP/1.0, an absolute-form target, a nominated field, a number between tabs, a hop-by-hop field.
	check('GET / HTTP/1.0\r\nHost: a\r\n\r\n');
	check('GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n');
	check('GET / HTTP/1.1\r\nHost: a\r\nX: 1\r\nConnection: x\r\n\r\n');
	check('POST / HTTP/1.1\r\nHost: a\r\nContent-Length:\t1\t\r\n\r\n');
	check('GET / HTTP/1.1\r\nTE: trailers\r\nHost: a\r\n\r\n');
	t.is(changed, 5);
	fc.assert(fc.property(request, check), {numRuns: runs(2000)});
});

const DATE = 'Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n';

const UNDATED = [
	'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nX-Empty:\r\n\r\n',
	'HTTP/1.1 200 \r\nContent-Length: 1\r\n\r\n',
	'HTTP/1.1 200\r\nContent-Length: 1\r\n\r\n',
	'HTTP/1.0 200 OK\r\nContent-Length: 1\r\nConnection: keep-alive\r\n\r\n',
	'HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\n',
	'HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n',
	'HTTP/1.1 304 Not Modified\r\nETag: "a"\r\n\r\n',
	'HTTP/1.1 200 OK\r\nConnection: x\r\nX: 1\r\nContent-Length: 1\r\n\r\n',
	'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nConnection: close\r\n\r\n',
	'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n',
	'HTTP/1.1 200 OK\r\nServer: until close\r\n\r\n',
	'HTTP/1.1 200 OK\r\nContent-Length: \t1\r\n\r\n',
];

const ANSWERS = [
	...UNDATED,
	...UNDATED.map(text => text.replace('\r\n\r\n', `\r\n${DATE}\r\n`)),
	`HTTP/1.1 200 OK\r\nContent-Length: 1\r\nConnection: date\r\n${DATE}\r\n`,
];

for (const minor of [0, 1]) {
	for (const keepAlive of [true, false]) {
		test(`an answer to HTTP/1.${minor} that is forwarded verbatim is what would be put together, keepAlive: ${keepAlive}`, t => {
			let verbatim = 0;
			for (const text of ANSWERS) {
				const head = readResponseHead(text, false);
				if (!(head instanceof ResponseHead)) throw new Error(head.reason);
				const about = {minor, keepAlive, framing: framingFor(minor, head.framing), date: head.hasDate ? '' : DATE};

				const sent = answerHeadText(head, about);

				if (head.verbatim === text && sent === text) verbatim++;
				head.verbatim = '';
				t.is(sent, answerHeadText(head, about));
			}
			t.is(verbatim, minor === 1 && keepAlive ? 3 : 0);
		});
	}
}
