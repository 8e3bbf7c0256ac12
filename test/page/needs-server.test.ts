import test from 'ava';
import {needsServer} from '../../src/page/needs-server.ts';

test('a filter by fields of requests is for the control port', t => {
	for (const filter of ['header:x', 'added:x-forwarded-for', 'status:5xx -HEADER:x=1', '-added:x']) {
		t.true(needsServer(filter), filter);
	}
});

test('every other filter is for the browser', t => {
	for (const filter of ['', 'header', 'path:/header:x', '"header:x"', 'xheader:y', 'status:200 host:added']) {
		t.false(needsServer(filter), filter);
	}
});

test('a filter that the control port would refuse because it is too long is not sent', t => {
	t.true(needsServer(`header:${'x'.repeat(993)}`));
	t.false(needsServer(`header:${'x'.repeat(994)}`));
});
