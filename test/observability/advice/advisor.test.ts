import test from 'ava';
import {ExchangeRecord} from '../../../src/observability/exchange-record.ts';
import {HandClock} from '../../helpers/hand-clock.ts';
import {advisorOf, servicesOf} from '../../helpers/running-pieces.ts';

function exchange(outcome: ExchangeRecord['outcome']): ExchangeRecord {
	const client = {address: '127.0.0.1', port: 1};
	const record = new ExchangeRecord({kind: 'http', loadBalancer: 'lb', listener: 80, client, startedAt: 0, startMs: 0});
	return Object.assign(record, {
		outcome,
		backendName: 'app',
		requestHead: 'X-Forwarded-For: 127.0.0.1\r\n',
		responseStatus: 200,
	});
}

/** What comes between a connection that a back-end ended at rest and its next answer. */
const between = test.macro({
	exec(t, happens: (advisor: ReturnType<typeof advisorOf>) => void, expected: number) {
		const advisor = advisorOf(servicesOf(new HandClock()));

		advisor.restEnded('app', 5000, 1);
		happens(advisor);
		advisor.ended(exchange('ok'));

		t.is(advisor.advice.length, expected);
	},
	title: (name = '') => `a connection that ended at rest, and then ${name}`,
});

const PROBE = {target: 'TCP:80', address: '127.0.0.1:80', result: 'connection refused', ms: 1, atMs: 0};

test('an answer: the back-end has a short keep-alive time', between, () => {}, 1);
test('a stop or start by hand', between, advisor => advisor.switched('app'), 0);
test('a stop or start of another one', between, advisor => advisor.switched('other'), 1);
test('a refused connection: it was stopped', between, advisor => advisor.ended(exchange('connect-refused')), 0);
test('a probe that failed: it was stopped', between, advisor => advisor.probed('app', PROBE), 0);
test('a probe that passed', between, advisor => advisor.probed('app', {...PROBE, result: 'pass'}), 1);
test('a reset', between, advisor => advisor.clear(), 0);
