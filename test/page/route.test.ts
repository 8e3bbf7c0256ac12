import test from 'ava';
import {hashOf, readRoute} from '../../src/page/route.ts';

test('an address says the view, the filter and the exchange that is open', t => {
	const route = {view: 'traffic', filter: 'status:5xx "a b" & #1', exchange: {lb: 'we/b', id: 12}} as const;

	t.is(hashOf(route), '#/traffic?f=status%3A5xx+%22a+b%22+%26+%231&x=we%2Fb%2F12');
	t.deepEqual(readRoute(hashOf(route)), route);
	t.is(hashOf({view: 'map', filter: '', exchange: undefined}), '#/map');
});

test('what means nothing is left out', t => {
	const map = {view: 'map', filter: '', exchange: undefined} as const;

	for (const hash of ['', '#', '#/', '#/nothing', '#/map?x=web', '#/map?x=/1', '#/map?x=web/-1', '#/map?y=1', 'map']) {
		t.deepEqual(readRoute(hash), map, hash);
	}
});
