import test from 'ava';
import {CallLog} from '../../src/control-plane/call-log.ts';

const TIMES = {at: '2026-08-01T12:00:00.000Z', ms: 1};

test('the latest calls are kept, and all are counted', t => {
	const log = new CallLog(3);

	for (let index = 1; index <= 100; index++) {
		log.add({action: `A${index}`, api: 'oapi', status: 200, unread: []}, TIMES);
		t.is(log.calls.length, Math.min(index, 3));
	}

	t.is(log.total, 100);
	t.deepEqual(
		log.calls.map(({number, action}) => `${number} ${action}`),
		['98 A98', '99 A99', '100 A100'],
	);
});

test('what was forgotten keeps its number', t => {
	const log = new CallLog();
	log.add({action: 'A', api: 'oapi', status: 200, unread: []}, TIMES);

	log.clear();
	const next = log.add({action: 'B', api: 'elb', status: 400, unread: ['X']}, TIMES);

	t.is(next.number, 2);
	t.deepEqual(log.calls, [next]);
});
