import test from 'ava';
import {type Notice, Notices} from '../../src/emulator/notices.ts';

const PORTS = {level: 'note', topic: 'ports', loadBalancer: 'web'} as const;
const CERTIFICATES = {level: 'warning', topic: 'certificate', loadBalancer: 'web'} as const;

test('sentences about one topic of a load balancer take the place of those before, and what holds still stays first', t => {
	const notices = new Notices();

	notices.replace(PORTS, ['one', 'two']);
	notices.replace({...PORTS, loadBalancer: 'web-2'}, ['other']);
	notices.replace(CERTIFICATES, ['expired']);
	notices.replace(PORTS, ['three', 'two']);

	t.deepEqual(notices.texts('note'), ['two', 'other', 'three']);
	t.deepEqual(notices.texts('warning'), ['expired']);
});

test('each notice is announced once, when it is new', t => {
	const added: Notice[] = [];
	const notices = new Notices(notice => added.push(notice));

	notices.replace(PORTS, ['one']);
	notices.replace(PORTS, ['one', 'two']);
	notices.replace(PORTS, []);
	notices.replace(PORTS, ['one']);
	notices.add({level: 'warning', topic: 'configuration', text: 'unread'});

	t.deepEqual(added, [
		{...PORTS, text: 'one'},
		{...PORTS, text: 'two'},
		{...PORTS, text: 'one'},
		{level: 'warning', topic: 'configuration', text: 'unread'},
	]);
});

test('what was said about a load balancer that is gone is forgotten, whatever the topic; nothing of another with a longer name', t => {
	const notices = new Notices();
	notices.replace(PORTS, ['web, http:80: bound to 10080']);
	notices.replace(CERTIFICATES, ['web, listener 443: expired']);
	notices.replace({...PORTS, loadBalancer: 'web-2'}, ['web-2, http:80: bound to 10081']);
	notices.add({level: 'warning', topic: 'back-end', text: 'app does not come back'});

	notices.forget('web');

	t.deepEqual(notices.texts('note'), ['web-2, http:80: bound to 10081']);
	t.deepEqual(notices.texts('warning'), ['app does not come back']);
});

test('a list that was taken does not change', t => {
	const notices = new Notices();
	notices.replace(PORTS, ['one']);
	const before = notices.texts('note');

	notices.replace(PORTS, ['two']);

	t.deepEqual(before, ['one']);
});
