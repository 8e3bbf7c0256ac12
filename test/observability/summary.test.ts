import test from 'ava';
import {startLoadBalancer} from '../../src/index.ts';
import {ExchangeRecord} from '../../src/observability/exchange-record.ts';
import {fieldsIn, summaryOf} from '../../src/observability/summary.ts';

test('a summary has what a list shows', async t => {
	await using lb = await startLoadBalancer({listeners: ['https:443 -> http:80'], backends: 1});
	await lb.fetch('/cart?item=1', {method: 'PUT', body: 'abc'});
	const record = lb.traffic.last();
	t.true(record instanceof ExchangeRecord);

	const {at, client, ms, down, tls, ...summary} = summaryOf(record as ExchangeRecord);

	t.is(at, Math.round(record.startedAt));
	t.is(client, `127.0.0.1:${record.client.port}`);
	t.is(ms, record.ms.total);
	t.true(down > 0);
	t.is(tls, 'TLSv1.3');
	t.deepEqual(summary, {
		seq: record.seq,
		lb: lb.name,
		id: 1,
		port: 443,
		kind: 'http',
		method: 'PUT',
		target: '/cart?item=1',
		host: lb.dnsName,
		sni: lb.dnsName,
		backend: 'a',
		reused: false,
		status: 200,
		by: 'backend',
		outcome: 'ok',
		cause: '',
		up: 3,
		open: false,
	});
});

test('long targets are cut, and the summary says so', async t => {
	await using lb = await startLoadBalancer({listeners: ['http:80'], backends: 1});
	await lb.fetch(`/${'a'.repeat(300)}`);

	const summary = summaryOf(lb.traffic.last() as ExchangeRecord);

	t.is(summary.target.length, 200);
	t.true(summary.cut);
});

const fields = test.macro({
	exec: (t, head: string, name: string, values: readonly string[]) => t.deepEqual(fieldsIn(head, name), values),
	title: (_, head, name) => `${name} in ${JSON.stringify(head)}`,
});
const HEAD = 'GET / HTTP/1.1\r\nHost: a.test\r\nX-A: 1\r\nx-a:2 \r\nX-Ab: 3\r\n\r\n';
test(fields, HEAD, 'host', ['a.test']);
test(fields, HEAD, 'x-a', ['1', '2']);
test(fields, HEAD, 'x', []);
test(fields, 'GET / HTTP/1.1\r\n\r\n', 'host', []);
test(fields, '', 'host', []);
test(fields, 'GET / HTTP/1.1\r\nHost: a.test', 'host', []);
