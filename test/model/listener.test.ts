import test from 'ava';
import fc from 'fast-check';
import {
	formatListener,
	type ListenerPorts,
	PROTOCOLS,
	readListener,
	violationsOfSharedPorts,
} from '../../src/model/listener.ts';

const SHAPE = '"protocol:port -> protocol:port", such as "https:443 -> http:80"';
const ALLOWED = 'allowed are "http", "https", "tcp" or "ssl"';

const reads = test.macro({
	exec(t, text: string, listener: string) {
		const read = readListener(text);
		t.is('listener' in read ? formatListener(read.listener) : read.violations[0]?.message, listener);
	},
	title: (_, text = '') => `reads ${text}`,
});

test(reads, 'https:443 -> http:80', 'https:443 -> http:80');
test(reads, 'ssl:443 -> tcp', 'ssl:443 -> tcp:443');
test(reads, 'tcp:443', 'tcp:443 -> tcp:443');
test(reads, ' HTTPS:443->HTTP:80 ', 'https:443 -> http:80');
test(reads, 'http : 80', 'http:80 -> http:80');
test(reads, 'tcp:1 -> ssl:65535', 'tcp:1 -> ssl:65535');
test(reads, 'http:000000080', 'http:80 -> http:80');

const refuses = test.macro({
	exec(t, text: string, ...messages: string[]) {
		const read = readListener(text);
		t.deepEqual('violations' in read ? read.violations.map(({message}) => message) : read, messages);
		t.true('violations' in read && read.violations.every(({path}) => path.length === 0));
	},
	title: (what = '', text = '') => (what === '' ? `refuses ${JSON.stringify(text)}` : what),
});

test(refuses, '', `"" is not a listener; write ${SHAPE}`);
test(refuses, '->', `"->" is not a listener; write ${SHAPE}`);
test(refuses, 'http:80 ->', `"http:80 ->" is not a listener; write ${SHAPE}`);
test(refuses, 'http:80 -> http:80 -> http:80', `"http:80 -> http:80 -> http:80" is not a listener; write ${SHAPE}`);
test(refuses, 'http:80 or so', `"http:80 or so" is not a front of a listener; write ${SHAPE}`);
test(refuses, 'http:80 -> http:80 or so', `"http:80 or so" is not a back-end of a listener; write ${SHAPE}`);
test(refuses, 'http', `"http" lacks its port; write ${SHAPE}`);
test(refuses, 'udp:53', `unknown protocol "udp"; ${ALLOWED}`);
test(refuses, 'http:80 -> :80', `unknown protocol ""; ${ALLOWED}`);
test(refuses, 'http:0', 'front port "0" is not a port; allowed are 1 to 65535');
test(refuses, 'http:65536', 'front port "65536" is not a port; allowed are 1 to 65535');
test(refuses, 'http:', 'front port "" is not a port; allowed are 1 to 65535');
test(refuses, 'http:1e3', 'front port "1e3" is not a port; allowed are 1 to 65535');
test(refuses, 'http:80 -> http:-1', 'back-end port "-1" is not a port; allowed are 1 to 65535');
test(
	'all that is wrong is told at once',
	refuses,
	'htp:0 -> udp:x',
	`unknown protocol "htp"; ${ALLOWED}`,
	'front port "0" is not a port; allowed are 1 to 65535',
	`unknown protocol "udp"; ${ALLOWED}`,
	'back-end port "x" is not a port; allowed are 1 to 65535',
);

test('a protocol that is nearly one is asked for', t => {
	t.like(readListener('htps:443'), {violations: [{hint: 'did you mean "https"?'}]});
});

test('HTTP and HTTPS go with each other, TCP and SSL with each other, and no others [OUTSCALE error 4054]', t => {
	const isHttp = (protocol: string) => protocol.startsWith('http');
	for (const front of PROTOCOLS) {
		for (const back of PROTOCOLS) {
			const read = readListener(`${front}:1 -> ${back}:2`);
			if (isHttp(front) === isHttp(back)) t.true('listener' in read, `${front} -> ${back}`);
			else {
				t.deepEqual('violations' in read && read.violations.map(({message}) => message), [
					`a listener cannot cross layers: ${front} in front goes with ${isHttp(front) ? '"http" or "https"' : '"tcp" or "ssl"'} towards the back-ends, not with "${back}"`,
				]);
			}
		}
	}
});

test('what is written of a listener reads as that listener', t => {
	const port = fc.integer({min: 1, max: 65_535});
	const layer = fc.constantFrom(['http', 'https'] as const, ['tcp', 'ssl'] as const);
	t.notThrows(() =>
		fc.assert(
			fc.property(layer, fc.nat(1), fc.nat(1), port, port, (protocols, front, back, one, other) => {
				const [protocol = 'http', backendProtocol = 'http'] = [protocols[front], protocols[back]];
				const text = formatListener({protocol, port: one, backendProtocol, backendPort: other});
				const read = readListener(text);
				return 'listener' in read && formatListener(read.listener) === text;
			}),
		),
	);
});

test('each listener that shares its port with an earlier one is told of, wherever those without a port stand', t => {
	const at = (port: number): ListenerPorts => ({protocol: 'http', port, backendProtocol: 'http', backendPort: 80});

	const violations = violationsOfSharedPorts([at(80), undefined, at(81), at(80), undefined, at(80)]);

	t.deepEqual(
		violations.map(({path, message}) => [path, message]),
		[
			[[3], 'two listeners on port 80: listeners[0] has it already'],
			[[5], 'two listeners on port 80: listeners[0] has it already'],
		],
	);
	t.deepEqual(violationsOfSharedPorts([at(80), at(81)]), []);
});
