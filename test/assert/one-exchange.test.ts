import test from 'ava';
import {assertHeader, assertNoHeader, assertRetried, assertWhy} from '../../src/assert.ts';
import {failureOf, startAsserted, visit} from '../helpers/assertion-failures.ts';
import {deadPort} from '../helpers/ports.ts';

test('a header field is that of the request as the back-end received it, or of the response', async t => {
	const lb = await startAsserted(t, {
		listeners: ['https:443 -> http:80'],
		backends: [{name: 'a', kind: 'reply', headers: {'X-App': 'one'}}],
	});
	await visit(lb, '/');
	const last = lb.traffic.last();

	t.notThrows(() => assertHeader(last, 'x-forwarded-proto', 'https'));
	t.notThrows(() => assertHeader(last, 'X-Forwarded-Port', /^4/));
	t.notThrows(() => assertHeader(last, 'x-forwarded-port', /4/g));
	t.notThrows(() => assertHeader(last, 'x-app', 'one', {of: 'response'}));
	t.notThrows(() => assertNoHeader(last, 'x-app'));
	t.notThrows(() => assertNoHeader(last, 'x-forwarded-proto', {of: 'response'}));
	failureOf(t, () => assertHeader(last, 'x-forwarded-proto', 'http'));
	failureOf(t, () => assertHeader(last, 'x-forwarded-proto', /^http$/));
	failureOf(t, () => assertHeader(last, 'x-app', 'one'));
	failureOf(t, () => assertNoHeader(last, 'X-Forwarded-Proto'));
});

test('another value of a field is told with what was added, and no other values', async t => {
	const lb = await startAsserted(t);
	await (await lb.fetch('/', {headers: {authorization: 'Bearer secret'}})).text();

	const {message, actual, expected, operator} = failureOf(t, () =>
		assertHeader(lb.traffic.last(), 'x-forwarded-proto', 'https'),
	);

	t.deepEqual({actual, expected, operator}, {actual: 'http', expected: 'https', operator: 'assertHeader'});
	t.regex(message, /^The request has another x-forwarded-proto\n {2}expected: https\n {2}actual: {3}http\n/);
	t.regex(message, /\n {2}its fields: .*"authorization"/);
	t.regex(message, /\n {2}added by the load balancer: .*X-Forwarded-Proto: http/);
	t.regex(message, /\n {2}web:80 #1 GET \/ 200 -> a: ok\n/);
	t.notRegex(message, /secret/);
});

test('a request that never came has no fields, and is not without one either', async t => {
	const lb = await startAsserted(t, {listeners: ['tcp:80']});
	const connection = await lb.connect(80);
	connection.end('not HTTP');
	const exchange = await lb.traffic.next();

	t.regex(failureOf(t, () => assertHeader(exchange, 'host', 'a')).message, /there was no request/);
	t.regex(failureOf(t, () => assertNoHeader(exchange, 'host')).message, /^There is no request\n/);
});

test('an exchange that was retried is told from one that was not', async t => {
	const lb = await startAsserted(t, {
		backends: [
			{name: 'dead', kind: 'address', host: '127.0.0.1', port: await deadPort(t)},
			{name: 'b', kind: 'echo'},
			{name: 'c', kind: 'echo'},
		],
	});
	await visit(lb, '/1', '/2');
	const [first, second] = [...lb.traffic];
	if (first === undefined || second === undefined) throw new Error('two exchanges were made');

	t.notThrows(() => assertRetried(first));
	t.notThrows(() => assertRetried(first, ['dead', 'b']));
	const other = failureOf(t, () => assertRetried(first, ['b', 'dead']));
	t.regex(other.message, /^Other back-ends were tried\n/);
	failureOf(t, () => assertRetried(first, ['dead', 'b', 'b']));
	const none = failureOf(t, () => assertRetried(second));
	t.regex(none.message, /^There was no second attempt\n {2}expected: two attempts or more\n {2}actual: {3}c\n/);
});

test('why: the rule, the back-end, those skipped with their reasons, by parts or as text', async t => {
	const lb = await startAsserted(t, {
		backends: 3,
		rules: [{priority: 10, path: '/api/*', to: ['b', 'c']}],
	});
	lb.setHealth('b', 'OutOfService');
	await visit(lb, '/api/1', '/other');
	const [api, other] = [...lb.traffic];
	if (api === undefined || other === undefined) throw new Error('two exchanges were made');

	t.notThrows(() => assertWhy(api, {rule: 10, chosen: 'c', skipped: ['b']}));
	t.notThrows(() => assertWhy(api, {skipped: {b: /by hand$/}}));
	t.notThrows(() => assertWhy(api, {skipped: {b: 'taken out of service by hand'}}));
	t.notThrows(() => assertWhy(api, 'rule 10 matched; b taken out of service by hand; c chosen'));
	t.notThrows(() => assertWhy(api, /rule 10 matched/));
	t.notThrows(() => assertWhy(api, {sticky: false}));
	t.notThrows(() => assertWhy(other, {rule: false, chosen: 'a'}));
	for (const wrong of [
		{rule: false},
		{rule: 11},
		{rule: 'api'},
		{chosen: 'b'},
		{chosen: false},
		{skipped: ['c']},
		{skipped: {b: /by probes/}},
		{skipped: {c: /./}},
		{sticky: 'kept'},
		{refused: ['b']},
	] as const) {
		failureOf(t, () => assertWhy(api, wrong));
	}
	failureOf(t, () => assertWhy(api, 'rule 10 matched'));
	failureOf(t, () => assertWhy(api, /rule 11/));
	const {message, actual} = failureOf(t, () => assertWhy(api, {rule: 11, chosen: 'c', skipped: ['c']}));
	t.deepEqual(actual, {rule: 10, skipped: {b: 'taken out of service by hand'}}, 'only what does not hold');
	t.regex(
		message,
		/^It went another way\n {2}expected: rule: 11, skipped: c\n {2}actual: {3}rule: 10, skipped: b: taken out/,
	);
});

test('why: what the cookie meant, who refused, and that there was nobody', async t => {
	const lb = await startAsserted(t, {
		listeners: [{listen: 'http:80', stickiness: {seconds: 60}}],
		backends: [{name: 'dead', kind: 'address', host: '127.0.0.1', port: await deadPort(t)}],
	});
	await visit(lb, '/');
	const last = lb.traffic.last();

	t.notThrows(() => assertWhy(last, {sticky: 'none', refused: ['dead'], chosen: false}));
	failureOf(t, () => assertWhy(last, {sticky: false}));
	failureOf(t, () => assertWhy(last, {refused: ['other']}));
});
