import type {Peer} from '../../src/observability/exchange.ts';
import {ExchangeRecord} from '../../src/observability/exchange-record.ts';

/**
 * The pattern of the Athena guide, "Querying Classic Load Balancer logs" (its ciphers' class does without `_`, which
 * TLS 1.3 has): what a user's own tools read these lines with.
 */
export const ATHENA =
	/^([^ ]*) ([^ ]*) ([^ ]*):([0-9]*) ([^ ]*)[:-]([0-9]*) ([-.0-9]*) ([-.0-9]*) ([-.0-9]*) (|[-0-9]*) (-|[-0-9]*) ([-0-9]*) ([-0-9]*) "([^ ]*) ([^ ]*) (- |[^ ]*)" ("[^"]*") ([A-Z0-9_-]+) ([A-Za-z0-9.-]*)$/;

const HEAD =
	'GET /a?b=1 HTTP/1.1\r\nHost: www.example.com\r\nUser-Agent: curl/7.38.0\r\nX-Forwarded-For: 10.1.2.3\r\n\r\n';

/** A request that back-end 10.0.0.1:80 answered 200, unless said otherwise. */
export function exchange(changes: Partial<ExchangeRecord> = {}, client: Partial<Peer> = {}): ExchangeRecord {
	const record = new ExchangeRecord({
		kind: 'http',
		loadBalancer: 'my-loadbalancer',
		listener: 80,
		client: {address: '192.168.131.39', port: 2817, ...client},
		startedAt: Date.UTC(2015, 4, 13, 23, 39, 43, 945),
		startMs: 5000.25,
	});
	return Object.assign(record, {
		outcome: 'ok',
		backendName: 'a',
		backendAddress: '10.0.0.1',
		backendPort: 80,
		requestHead: HEAD,
		responseStatus: 200,
		sentMs: 0.073,
		connectMs: 0.028,
		firstByteMs: 1.121,
		totalMs: 2,
		bytesDown: 29,
		...changes,
	});
}
