import test from 'ava';
import {startEmulator, startLoadBalancer} from '../../src/index.ts';
import {startCli} from '../cli/helpers/command-line.ts';
import {ownHttpServer} from '../helpers/own-servers.ts';
import {temporaryFolder} from '../helpers/temporary-folder.ts';

test('a port alone, as a number or as text, is a server of your own at 127.0.0.1', async t => {
	const [one, two] = [await ownHttpServer(t, 'one'), await ownHttpServer(t, 'two')];
	const [first, second] = [portOf(one.address), portOf(two.address)];
	const lb = await startLoadBalancer({listeners: ['http:80'], backends: [first, `${second}`]});
	t.teardown(() => lb.stop());

	const answers = [await text(lb.fetch('/')), await text(lb.fetch('/'))];

	t.deepEqual(answers, ['one', 'two']);
	t.deepEqual(lb.traffic.order(), [`${first}`, `${second}`]);
	t.is(lb.backend(`${first}`).url, `http://127.0.0.1:${first}`);
});

test('rules and updates name a port by its digits', async t => {
	const [one, two] = [await ownHttpServer(t, 'one'), await ownHttpServer(t, 'two')];
	const [first, second] = [portOf(one.address), portOf(two.address)];
	const lb = await startLoadBalancer({listeners: ['http:80'], backends: [first]});
	t.teardown(() => lb.stop());

	await lb.update({backends: [first, second], rules: [{priority: 1, path: '/*', to: [`${second}`]}]});

	t.deepEqual([await text(lb.fetch('/')), await text(lb.fetch('/'))], ['two', 'two']);
});

test('in a configuration a port is a back-end and what a VM id means', async t => {
	const {address} = await ownHttpServer(t, 'own');
	const port = portOf(address);
	const emulator = await startEmulator({
		config: {
			backends: {app: port, text: `${port}`},
			vms: {'i-0000000a': port, 'i-0000000b': `${port}`},
			loadBalancers: {web: {listeners: ['http:80'], backends: ['app', 'text']}},
		},
	});
	t.teardown(() => emulator.stop());
	const lb = emulator.get('web');

	const answers = [await text(lb.fetch('/')), await text(lb.fetch('/'))];
	const state = await fetch(`${emulator.endpoint}/_lb/state`);

	t.deepEqual(answers, ['own', 'own']);
	t.like(JSON.parse(await state.text()), {
		vms: [
			{id: 'i-0000000a', address},
			{id: 'i-0000000b', address},
		],
	});
	t.deepEqual(lb.traffic.order(), ['app', 'text']);
});

for (const port of [3000, '3000']) {
	test(`the control port takes ${JSON.stringify(port)} for the address of a VM`, async t => {
		const emulator = await startEmulator();
		t.teardown(() => emulator.stop());
		const body = JSON.stringify({id: 'i-0000000a', address: port});

		const answer = await fetch(`${emulator.endpoint}/_lb/vms`, {method: 'POST', body});
		const state = await fetch(`${emulator.endpoint}/_lb/state`);

		t.is(answer.status, 200, await answer.text());
		t.like(JSON.parse(await state.text()), {vms: [{id: 'i-0000000a', address: '127.0.0.1:3000'}]});
	});
}

test('on the command line --backend takes a port', async t => {
	const {address} = await ownHttpServer(t, 'own');
	const port = portOf(address);
	const folder = await temporaryFolder(t);
	const running = startCli(t, ['up', '--ports', 'free', 'http:80', '--backend', `${port}`], {folder});
	const [, bound] = await running.shows('stderr', /http:80 -> http:80 +(?:on )?(?:http:\/\/)?127\.0\.0\.1:(\d+)/);

	t.is(await text(fetch(`http://127.0.0.1:${bound}/`)), 'own');
	await running.end('SIGTERM');
});

function portOf(address: string): number {
	return Number(address.split(':')[1]);
}

async function text(answer: Promise<Response>): Promise<string> {
	return (await answer).text();
}
