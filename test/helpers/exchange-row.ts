import type {ExchangeSummary} from '../../src/observability/summary.ts';

/** A row of the traffic as the control port sends it: a request that was answered well. */
export function row(seq: number, more: Partial<ExchangeSummary> = {}): ExchangeSummary {
	return {
		seq,
		lb: 'web',
		id: seq,
		at: 0,
		port: 80,
		kind: 'http',
		client: '127.0.0.1:50000',
		method: 'GET',
		target: '/',
		host: 'web.test',
		backend: 'a',
		reused: false,
		status: 200,
		by: 'backend',
		outcome: 'ok',
		cause: '',
		ms: 1,
		up: 0,
		down: 0,
		open: false,
		...more,
	};
}
