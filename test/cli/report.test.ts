import test from 'ava';
import {callLine, exchangeJson, exchangeLine} from '../../src/cli/report.ts';
import {ExchangeRecord} from '../../src/observability/exchange-record.ts';

function plain(_: unknown, text: string): string {
	return text;
}

function exchange(kind: ExchangeRecord['kind'], fields: Partial<ExchangeRecord>): ExchangeRecord {
	const record = new ExchangeRecord({
		kind,
		loadBalancer: 'web',
		listener: 443,
		client: {address: '::1', port: 50_000},
		startedAt: Date.parse('2030-01-02T03:04:05.678Z'),
		startMs: 0,
	});
	return Object.assign(record, {totalMs: 12.345, outcome: 'ok', ...fields});
}

const toA = {backendName: 'a', backendAddress: '127.0.0.1', backendPort: 8080};

test('a request is one line: time, listener, client, request, answer, duration and end', t => {
	const record = exchange('http', {
		...toA,
		backendReused: true,
		requestHead: 'GET /path?q=1 HTTP/1.1\r\nhost: x\r\n\r\n',
		responseStatus: 200,
	});

	t.is(
		exchangeLine(record, plain),
		'03:04:05.678 web:443 [::1]:50000 GET /path?q=1 200 -> a (127.0.0.1:8080, kept connection) 12.3 ms ok',
	);
});

test('a request that reached no back-end shows who answered, and why', t => {
	const record = exchange('http', {
		requestHead: 'GET / HTTP/1.1\r\n\r\n',
		responseStatus: 503,
		responseBy: 'load-balancer',
		outcome: 'no-healthy-backend',
		cause: 'no back-end is registered',
	});

	t.is(
		exchangeLine(record, plain),
		'03:04:05.678 web:443 [::1]:50000 GET / 503 -> the load balancer itself 12.3 ms no-healthy-backend (no back-end is registered)',
	);
});

test("a back-end that failed is named beside the load balancer's own answer", t => {
	const record = exchange('http', {
		...toA,
		requestHead: 'GET / HTTP/1.1\r\n\r\n',
		responseStatus: 502,
		responseBy: 'load-balancer',
		outcome: 'backend-reset',
	});

	t.regex(exchangeLine(record, plain), /502 -> a \(127\.0\.0\.1:8080, new connection, answered by the load balancer\)/);
});

test('a back-end that was not reached has no connection', t => {
	for (const outcome of ['connect-refused', 'connect-timeout'] as const) {
		const fields = {responseStatus: 503, responseBy: 'load-balancer', outcome, cause: 'connect ECONNREFUSED'} as const;
		const request = exchange('http', {...toA, ...fields, requestHead: 'GET / HTTP/1.1\r\n\r\n'});
		const connection = exchange('tcp', {...toA, outcome});

		t.true(
			exchangeLine(request, plain).endsWith(
				`503 -> a (127.0.0.1:8080, not reached, answered by the load balancer) 12.3 ms ${outcome} (connect ECONNREFUSED)`,
			),
		);
		t.true(exchangeLine(connection, plain).endsWith(`-> a (127.0.0.1:8080, not reached) 12.3 ms ${outcome}`));
	}
});

test('a connection is shown with its bytes', t => {
	t.regex(
		exchangeLine(exchange('tls-passthrough', {...toA, bytesUp: 517, bytesDown: 4096}), plain),
		/ tls-passthrough 517 up 4096 down -> a /,
	);
	t.regex(
		exchangeLine(exchange('tcp', {outcome: 'tls-handshake', cause: 'no shared cipher'}), plain),
		/ tcp 0 up 0 down -> nobody 12\.3 ms tls-handshake \(no shared cipher\)$/,
	);
});

test('no client can forge a line or control the terminal', t => {
	const record = exchange('http', {
		...toA,
		requestHead: 'GET /\u001b[2J\u2028\u202e\n03:04 HTTP/1.1\r\n\r\n',
		cause: 'x\r\ny',
		backendName: 'a\tb',
	});

	const line = exchangeLine(record, plain);

	t.notRegex(line, /[\p{Cc}\p{Zl}\u202e]/u);
});

test('programs get one line of JSON with the fields of the exchange', t => {
	const record = exchange('http', {...toA, requestHead: 'GET /\u2028 HTTP/1.1\r\nA: b\r\n\r\n', responseStatus: 200});

	const line = exchangeJson(record);

	t.false(line.includes('\n'));
	t.like(JSON.parse(line), {
		kind: 'http',
		loadBalancer: 'web',
		listener: 443,
		outcome: 'ok',
		backend: {name: 'a'},
		request: {rawHeaders: ['A', 'b']},
		response: {status: 200},
	});
});

test('a call without an action is shown as such', t => {
	const error = {code: '12000', details: 'the path names no action'};
	const call = {
		number: 1,
		at: '2030-01-02T03:04:05.678Z',
		ms: 1.25,
		api: 'oapi',
		status: 404,
		unread: [],
		error,
	} as const;

	t.is(callLine({...call, action: ''}), 'api: (no action) 404 1.3 ms (12000: the path names no action)');
	t.is(callLine({...call, action: 'ReadX'}), 'api: ReadX 404 1.3 ms (12000: the path names no action)');
});
