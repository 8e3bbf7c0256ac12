import test from 'ava';
import fc from 'fast-check';
import {
	API_BOUNDS,
	defaultHealthCheck,
	formatTarget,
	HEALTH_CHECK_PROTOCOLS,
	type HealthCheck,
	LIBRARY_BOUNDS,
	readTarget,
	violationsOfHealthCheck,
} from '../../src/model/health-check.ts';

function messagesOf(text: string): readonly string[] {
	const read = readTarget(text);
	return 'target' in read ? [] : read.violations.map(violation => violation.message);
}

const READ = [
	['TCP:80', {protocol: 'tcp', port: 80, path: ''}],
	['tcp:65535', {protocol: 'tcp', port: 65_535, path: ''}],
	['SSL:443', {protocol: 'ssl', port: 443, path: ''}],
	['HTTP:80', {protocol: 'http', port: 80, path: '/'}],
	['Http:80/', {protocol: 'http', port: 80, path: '/'}],
	['HTTPS:1/a/b?c=d:e&f', {protocol: 'https', port: 1, path: '/a/b?c=d:e&f'}],
	['HTTP:080/x', {protocol: 'http', port: 80, path: '/x'}],
	[`HTTP:80/${'a'.repeat(1023)}`, {protocol: 'http', port: 80, path: `/${'a'.repeat(1023)}`}],
] as const;

for (const [text, target] of READ) {
	test(`the target ${text.slice(0, 40)} reads as ${target.protocol} on ${target.port}`, t => {
		t.deepEqual(readTarget(text), {target});
	});
}

const NO_SHAPE = ['', 'TCP', '80', 'TCP 80', '/health', 'http://', 'ftp://a/x', ' TCP:80'];

for (const text of NO_SHAPE) {
	test(`${JSON.stringify(text)} is no target, and the message shows one`, t => {
		t.deepEqual(messagesOf(text), [
			`${JSON.stringify(text)} is not a health check's target; write "protocol:port/path", such as "HTTP:80/health" or "TCP:6379"`,
		]);
	});
}

const REFUSED: readonly (readonly [string, readonly string[]])[] = [
	['UDP:80', ['unknown protocol "UDP" of a health check; allowed are "TCP", "SSL", "HTTP" or "HTTPS"']],
	[':80', ['unknown protocol "" of a health check; allowed are "TCP", "SSL", "HTTP" or "HTTPS"']],
	['TCP:', ['health check port "" is not a port; allowed are 1 to 65535']],
	['TCP:0', ['health check port "0" is not a port; allowed are 1 to 65535']],
	['TCP:65536', ['health check port "65536" is not a port; allowed are 1 to 65535']],
	['TCP:-1', ['health check port "-1" is not a port; allowed are 1 to 65535']],
	['TCP:1e3', ['health check port "1e3" is not a port; allowed are 1 to 65535']],
	['TCP: 80', ['health check port " 80" is not a port; allowed are 1 to 65535']],
	['TCP:٣', ['health check port "٣" is not a port; allowed are 1 to 65535']],
	['HTTP:80\n', ['health check port "80\\n" is not a port; allowed are 1 to 65535']],
	['TCP:800000', ['health check port "800000" is not a port; allowed are 1 to 65535']],
	['TCP:80/', ['a TCP health check has no path, and "/" was given']],
	['SSL:443/x', ['a SSL health check has no path, and "/x" was given']],
	[
		'HTTP:80/a b',
		['health check path "/a b" is not a path; it begins with "/" and has visible ASCII characters without "#"'],
	],
	[
		'HTPP:0/x',
		[
			'unknown protocol "HTPP" of a health check; allowed are "TCP", "SSL", "HTTP" or "HTTPS"',
			'health check port "0" is not a port; allowed are 1 to 65535',
		],
	],
	[`HTTP:80/${'a'.repeat(1024)}`, [`health check path "/${'a'.repeat(59)}…" has 1025 characters; allowed are 1024`]],
];

for (const [text, messages] of REFUSED) {
	test(`the target ${JSON.stringify(text.slice(0, 40))} is refused, and everything wrong with it is said`, t => {
		t.deepEqual(messagesOf(text), messages);
	});
}

test('no path can bring a second line, field or word into the probe', t => {
	for (const poison of ['\r\nX: y', '\n', '\r', ' HTTP/1.0', '\t', '\0', '#x', '\x7f', 'é', '\u2028', '\ud800']) {
		t.is(messagesOf(`HTTP:80/a${poison}`).length, 1, JSON.stringify(poison));
		t.is(messagesOf(`HTTP:80/${poison}a`).length, 1, JSON.stringify(poison));
	}
});

test('whoever writes a URL is told the target that it was meant to be', t => {
	const hints = ['http://a:8080/health', 'https://a', 'HTTP://a/x'].map(text => {
		const read = readTarget(text);
		return 'violations' in read ? read.violations[0]?.hint : undefined;
	});

	t.deepEqual(hints, ['did you mean "HTTP:8080/health"?', 'did you mean "HTTPS:443/"?', 'did you mean "HTTP:80/x"?']);
});

test('a mistyped protocol is answered with its neighbour', t => {
	const read = readTarget('htttp:80/');

	t.is('violations' in read ? read.violations[0]?.hint : undefined, 'did you mean "HTTP"?');
});

test('what is formatted reads as what it was, and reads alike in any case', t => {
	const path = fc
		.string({unit: fc.constantFrom(...'/aZ09-._~%?&=:@!$\'()*+,;"'), maxLength: 40})
		.map(rest => `/x${rest}`);
	fc.assert(
		fc.property(
			fc.constantFrom(...HEALTH_CHECK_PROTOCOLS),
			fc.integer({min: 1, max: 65_535}),
			path,
			(protocol, port, p) => {
				const target = {protocol, port, path: protocol.startsWith('http') ? p : ''};
				t.deepEqual(readTarget(formatTarget(target)), {target});
				t.deepEqual(readTarget(formatTarget(target).replace(/^\w+/, protocol)), {target});
			},
		),
	);
});

test('any text is read or refused with reasons, never thrown at', t => {
	fc.assert(
		fc.property(fc.oneof(fc.string({unit: 'binary'}), fc.string({unit: fc.constantFrom(...'HTPS:/80#\n ')})), text => {
			const read = readTarget(text);
			if ('target' in read) t.deepEqual(violationsOfHealthCheck({...defaultHealthCheck(1), ...read.target}), []);
			else t.true(read.violations.length > 0);
		}),
	);
});

test('the check that nobody described is TCP on the back-end port, 30 s, 5 s, 10 and 2, and stands in all bounds', t => {
	const check = defaultHealthCheck(8080);

	t.deepEqual(check, {
		protocol: 'tcp',
		port: 8080,
		path: '',
		intervalMs: 30_000,
		timeoutMs: 5000,
		healthyThreshold: 10,
		unhealthyThreshold: 2,
	});
	t.deepEqual(violationsOfHealthCheck(check), []);
	t.deepEqual(violationsOfHealthCheck(check, API_BOUNDS), []);
});

const EDGES = [
	['intervalMs', 'interval', 'library', 1, 86_400_000],
	['timeoutMs', 'timeout', 'library', 1, 3_600_000],
	['healthyThreshold', 'healthy', 'library', 1, 1000],
	['unhealthyThreshold', 'unhealthy', 'library', 1, 1000],
	['intervalMs', 'interval', 'API', 5001, 600_000],
	['timeoutMs', 'timeout', 'API', 2000, 60_000],
	['healthyThreshold', 'healthy', 'API', 2, 10],
	['unhealthyThreshold', 'unhealthy', 'API', 2, 10],
] as const;

for (const [field, key, whose, least, most] of EDGES) {
	test(`${key} has bounds in the ${whose}: ${least} to ${most}`, t => {
		const bounds = whose === 'API' ? API_BOUNDS : LIBRARY_BOUNDS;
		// The neighbour in time stays out of the way of the one that is judged.
		const base: HealthCheck = {
			...defaultHealthCheck(80),
			intervalMs: 600_000,
			timeoutMs: field === 'intervalMs' ? 5000 : 2000,
		};
		const pathsWith = (value: number) =>
			violationsOfHealthCheck({...base, [field]: value}, bounds).map(violation => violation.path);

		t.deepEqual(pathsWith(least), []);
		t.deepEqual(pathsWith(most), []);
		for (const value of [most + 1, 0, -1, Number.NaN, Number.POSITIVE_INFINITY]) {
			t.true(
				pathsWith(value).some(path => path[0] === key),
				String(value),
			);
		}
	});
}

test('a threshold is a whole number', t => {
	t.deepEqual(violationsOfHealthCheck({...defaultHealthCheck(80), healthyThreshold: 2.5}), [
		{path: ['healthy'], message: 'the healthy threshold 2.5 is not allowed; write a whole number, 1 to 1000'},
	]);
});

test('the API refuses a timeout that is not below the interval, and the library takes it', t => {
	const check = {...defaultHealthCheck(80), intervalMs: 5000, timeoutMs: 5000};

	t.deepEqual(violationsOfHealthCheck(check), []);
	t.deepEqual(violationsOfHealthCheck(check, API_BOUNDS), [
		{path: ['timeout'], message: "a health check's timeout (5 s) must be shorter than its interval (5 s)"},
	]);
});

test('everything wrong with a check is said at once', t => {
	const check: HealthCheck = {
		protocol: 'tcp',
		port: 0,
		path: '/',
		intervalMs: 0,
		timeoutMs: Number.NaN,
		healthyThreshold: 0,
		unhealthyThreshold: 0,
	};

	t.deepEqual(
		violationsOfHealthCheck(check).map(violation => violation.path[0]),
		['target', 'target', 'interval', 'timeout', 'healthy', 'unhealthy'],
	);
});
