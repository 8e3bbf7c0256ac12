import type {IncomingMessage, ServerResponse} from 'node:http';
import {createAuthority, type Emulator, startEmulator} from '../../src/index.ts';

/** Where the authority of somebody who runs `lb-local up` is. The scene's own is in no file. */
const AUTHORITY_FILE = '/home/me/.local/share/lb-local/authority/authority.pem';

/** What the pictures show. Its clock stands still but for what its back-ends take. */
export async function startScene(): Promise<Emulator> {
	const authority = Object.assign(createAuthority(), {file: AUTHORITY_FILE});
	const emulator = await startEmulator({port: 0, seed: 1, clock: 'manual', authority});
	try {
		await describeScene(emulator);
		await playScene(emulator);
	} catch (error) {
		await emulator.stop();
		throw error;
	}
	return emulator;
}

async function describeScene(emulator: Emulator): Promise<void> {
	await emulator.create({
		name: 'web',
		listeners: [{listen: 'https:443 -> http:80', certificate: {names: ['web.test', 'www.web.test']}}, 'http:80'],
		backends: [
			{name: 'app-1', kind: 'handler', handler: taking('41ms', emulator, 'Welcome')},
			{name: 'app-2', kind: 'handler', handler: taking('38ms', emulator, '{"id":42,"items":1}')},
			{name: 'api', kind: 'handler', handler: taking('120ms', emulator, '{"items":[1,2,3]}')},
			{name: 'old', kind: 'reply', status: 500},
			{name: 'shop', kind: 'reply', status: 301, headers: {Location: 'https://web.test/shop'}},
		],
		healthCheck: {target: 'HTTP:80/health', unhealthy: 2},
		draining: '30s',
		rules: [
			{priority: 20, name: 'api', path: '/api/*', to: ['api']},
			{priority: 10, name: 'shop', path: '/shop', to: ['shop']},
		],
	});
	await emulator.create({
		name: 'mail',
		listeners: ['tcp:25'],
		backends: [{name: 'mail', kind: 'tcp', mode: 'echo'}],
	});
}

/** A back-end that moves the scene's clock for as long as it takes to answer. */
function taking(time: `${number}ms`, {clock}: Emulator, body: string) {
	return (request: IncomingMessage, response: ServerResponse) => {
		const taken = request.url === '/health' ? Promise.resolve() : clock.advance(time);
		request.resume();
		void taken.then(() => response.end(body));
	};
}

async function playScene(emulator: Emulator): Promise<void> {
	const web = emulator.get('web');
	await Promise.all([web.settle(), emulator.get('mail').settle()]);
	web.setHealth('shop', 'InService');
	await web.fetch('/');
	await web.fetch('/cart', {method: 'POST', headers: {'content-type': 'application/json'}, body: '{"item":1}'});
	await web.fetch('/api/items?page=1');
	for (let turn = 0; turn < 3; turn++) await web.fetch('https://web.test/shop', {redirect: 'manual'});
	web.setHealth('api', 'OutOfService');
	await emulator.clock.advance('2s');
	await web.fetch('/api/items?page=2');
	web.inject({on: 'backend:app-2', do: {status: 503, body: 'try later'}, times: 2});
	web.inject({on: 'listener:443', do: {reset: 'on-reuse'}, skip: 3});
	for (const action of ['ReadLoadBalancers', 'ReadVms', 'ReadVmsHealth']) {
		await fetch(`${emulator.endpoint}/api/v1/${action}`, {
			method: 'POST',
			body: action === 'ReadVms' ? '{"Filters": {"SubnetIds": ["subnet-1"]}}' : '{}',
		});
	}
}
