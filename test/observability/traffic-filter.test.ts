import test from 'ava';
import fc from 'fast-check';
import {didYouMean} from '../../src/base/suggest.ts';
import {type FilterSubject, isFailed, readFilter} from '../../src/observability/traffic-filter.ts';

const GET: FilterSubject = {
	seq: 7,
	lb: 'web',
	id: 3,
	at: 0,
	port: 443,
	kind: 'http',
	client: '127.0.0.1:50000',
	method: 'GET',
	target: '/api/users?page=2',
	host: 'Shop.test:8443',
	sni: 'shop.test',
	tls: 'TLSv1.3',
	backend: 'app-1',
	reused: true,
	status: 200,
	by: 'backend',
	outcome: 'ok',
	cause: '',
	ms: 12.5,
	up: 0,
	down: 5,
	open: false,
	added: () => ['X-Forwarded-For', 'X-Forwarded-Proto'],
	field: name => ({'x-request-id': ['42'], accept: ['a', 'b']})[name] ?? [],
};

const REFUSED: FilterSubject = {
	...GET,
	lb: 'worker-3-web',
	kind: 'tcp',
	method: '',
	target: '',
	host: '',
	sni: undefined as never,
	tls: undefined as never,
	backend: undefined as never,
	reused: false,
	status: 503,
	by: 'load-balancer',
	outcome: 'no-healthy-backend',
	cause: 'no back-end in service: app-1 draining',
	ms: 0.2,
	added: () => [],
	field: () => [],
};

const matches = test.macro({
	exec: (t, filter: string, getMatches: boolean, refusedMatches: boolean) => {
		const {matches, remarks} = readFilter(filter);
		t.deepEqual([matches(GET), matches(REFUSED)], [getMatches, refusedMatches]);
		t.deepEqual(remarks, []);
	},
	title: (_, filter, get, refused) =>
		`${JSON.stringify(filter)} matches ${get ? 'the request' : ''} ${refused ? 'the refused' : ''}`,
});

test(matches, '', true, true);
test(matches, '   ', true, true);
test(matches, 'lb:web', true, false);
test(matches, 'lb:worker-3-*', false, true);
test(matches, 'lb:*web', true, true);
test(matches, 'lb:w*b', true, true);
test(matches, 'lb:w*x*b', false, false);
test(matches, '-lb:web', false, true);
test(matches, 'LB:WEB', true, false);
test(matches, 'port:443', true, true);
test(matches, 'port:44', false, false);
test(matches, 'backend:app-1', true, false);
test(matches, '-backend:app-1', false, true);
test(matches, 'status:200', true, false);
test(matches, 'status:5xx', false, true);
test(matches, 'status:5XX', false, true);
test(matches, 'status:500..504', false, true);
test(matches, 'status>=500', false, true);
test(matches, 'method:get', true, false);
test(matches, 'path:/api', true, false);
test(matches, 'path:/users', false, false);
test(matches, 'path:*/users', true, false);
test(matches, 'host:shop.test', true, false);
test(matches, 'host:shop.test:8443', true, false);
test(matches, 'host:*.test', true, false);
test(matches, 'outcome:ok', true, false);
test(matches, 'kind:tcp', false, true);
test(matches, 'client:127.0.0.1', true, true);
test(matches, 'client:127.0.0.1:50000', true, true);
test(matches, 'id:3', true, true);
test(matches, 'id:4..9', false, false);
test(matches, 'ms>12', true, false);
test(matches, 'ms<=12.5', true, true);
test(matches, 'ms<12.5', false, true);
test(matches, 'ms:>12', true, false);
test(matches, 'tls:none', false, true);
test(matches, 'tls:1.3', true, false);
test(matches, 'tls:TLSv1.3', true, false);
test(matches, 'tls:1.2', false, false);
test(matches, 'sni:shop.test', true, false);
test(matches, 'added:x-forwarded-*', true, false);
test(matches, 'header:X-Request-Id=42', true, false);
test(matches, 'header:x-request-id=4', false, false);
test(matches, 'header:x-request-id=4*', true, false);
test(matches, 'header:accept=b', true, false);
test(matches, 'header:Accept', true, false);
test(matches, 'header:Cookie', false, false);
test(matches, '-header:Cookie', true, true);
test(matches, 'reused:yes', true, false);
test(matches, 'reused:no', false, true);
test(matches, 'reused:NO', false, true);
test(matches, 'is:failed', false, true);
test(matches, 'is:Failed', false, true);
test(matches, 'tls:None', false, true);
test(matches, 'is:open', false, false);
test(matches, 'fault:reset', false, false);
test(matches, 'users', true, false);
test(matches, 'SHOP', true, false);
test(matches, 'draining', false, true);
test(matches, '-draining', true, false);
test(matches, '"in service"', false, true);
test(matches, '-"in service"', true, false);
test(matches, '"status:200"', false, false);
test(matches, 'status:5xx -backend:app-2 draining', false, true);
test(matches, 'status:5xx status:200', false, false);
test(matches, 'outcome:"no-healthy-backend"', false, true);

const remarks = test.macro({
	exec: (t, filter: string, message: string | RegExp, hint?: string) => {
		const [remark, ...more] = readFilter(filter, didYouMean).remarks;
		if (typeof message === 'string') t.is(remark?.message, message);
		else t.regex(remark?.message ?? '', message);
		if (hint !== undefined) t.is(remark?.hint, hint);
		t.deepEqual(more, []);
	},
	title: (_, filter) => `${JSON.stringify(filter)} is not understood`,
});

test(
	remarks,
	'stats:5xx',
	/^"stats" is no key of a filter; the keys are lb, port, backend, status, /,
	'did you mean "status"?',
);
test(remarks, 'zzzzzzzz:5xx', /^"zzzzzzzz" is no key/, 'text with a colon stands in quotes');
test(remarks, 'status:abc', '"status:abc": a status is needed, such as 503, 5xx, 500..504 or >=500');
test(remarks, 'ms:long', '"ms:long": a number is needed, such as 100, 10..20, >100 or <=5');
test(remarks, 'tls:9', '"tls:9": a version of TLS is needed: none, 1.2 or 1.3');
test(remarks, 'path>5', '"path>5": ">" and "<" are for numbers: port, status, id and ms');
test(remarks, 'backend<=a', '"backend<=a": ">" and "<" are for numbers: port, status, id and ms');
test(remarks, 'is:bad', '"is:bad": "open" or "failed" is needed');
test(remarks, 'reused:maybe', '"reused:maybe": yes or no is needed');
test(remarks, 'header:=x', '"header:=x": the name of a field is missing, such as "header:X-Request-Id=42"');
test(remarks, 'lb:', '"lb:": a value is missing after the colon');
test(remarks, 'path:', '"path:": a path is missing after the colon, such as "/api"');

test('without a way to suggest a key, what can be done in every case is', t => {
	t.is(readFilter('stats:5xx').remarks[0]?.hint, 'text with a colon stands in quotes');
});

test('what is not understood is looked for as text', t => {
	t.true(readFilter('http:/x').matches({...GET, target: 'http:/x'}));
	t.false(readFilter('http:/x').matches(GET));
});

test('the whole target counts where the summary has a part of it', t => {
	const subject = {...GET, target: '/abc', cut: true as const, wholeTarget: '/abcdef'};

	t.true(readFilter('path:/abcdef').matches(subject));
	t.true(readFilter('def').matches(subject));
});

test('an exchange that is open has not failed, whatever its status', t => {
	t.false(isFailed({open: true, outcome: 'open', status: 0}));
	t.true(isFailed({open: false, outcome: 'ok', status: 500}));
	t.true(isFailed({open: false, outcome: 'client-abort', status: 200}));
	t.false(isFailed({open: false, outcome: 'ok', status: 499}));
});

test('any text is a filter: it reads without a throw, and a term and its negation never agree', t => {
	fc.assert(
		fc.property(fc.string(), text => {
			t.is(typeof readFilter(text).matches(GET), 'boolean');
		}),
	);
	const word = fc.string({minLength: 1}).filter(text => !/["\s]/.test(text) && !text.startsWith('-'));
	fc.assert(
		fc.property(word, term => {
			t.not(readFilter(term).matches(GET), readFilter(`-${term}`).matches(GET));
		}),
	);
});

test('a long value with many stars takes no longer than the text is', t => {
	const filter = readFilter(`path:${'*a'.repeat(2000)}b`);

	t.false(filter.matches({...GET, target: 'a'.repeat(100_000)}));
});

test('a filter that is too long passes nothing, and says how long it may be', t => {
	const most = `GET ${'a'.repeat(996)}`;

	t.deepEqual(readFilter(most).remarks, []);
	t.deepEqual(readFilter(`${most}a`).remarks, [
		{message: 'a filter has at most 1000 characters, and this one has 1001'},
	]);
	t.false(readFilter(`/api${' '.repeat(1000)}`).matches(GET));
	t.true(readFilter(`/api${' '.repeat(996)}`).matches(GET));
});

test('terms that are equal are looked at once, and so are the texts that words are looked for in', t => {
	let fields = 0;
	let texts = 0;
	const subject: FilterSubject = {
		...GET,
		field: () => {
			fields++;
			return ['42'];
		},
		get host() {
			texts++;
			return 'shop.test';
		},
	};

	t.true(readFilter('header:a header:a header:a -header:a=1 -header:a=1').matches(subject));
	t.is(fields, 2);
	t.true(readFilter('shop test sho -x -y').matches(subject));
	t.is(texts, 1);
	t.is(readFilter('stats:5 stats:5').remarks.length, 1);
	t.false(readFilter('shop -shop').matches(subject));
	t.false(readFilter('host:shop.test "host:shop.test"').matches(subject));
});
