// A process of its own: what is left open at the end is counted.
import {once} from 'node:events';
import {mkdir, mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {connect as connectTls} from 'node:tls';
import test from 'ava';
import fc from 'fast-check';
import {createAuthority, type Emulator, type LoadBalancer, startEmulator} from '../../src/index.ts';
import {runs} from '../helpers/depth.ts';
import {freePorts} from '../helpers/free-ports.ts';
import {
	ApiRefusal,
	AT_FIRST,
	assert,
	batches,
	configs,
	failureOf,
	keyOf,
	reached,
	type Simple,
	type Surfaces,
	type Surroundings,
	same,
	shownBy,
	validateFailure,
} from '../helpers/interleaved-steps.ts';
import {ControlPortApi} from '../helpers/outscale-api.ts';
import {within} from '../helpers/patience.ts';
import {pem} from '../helpers/project-certs.ts';
import {refusalAt} from '../helpers/tls-clients.ts';

const STEPS = 15;
const authority = createAuthority();
const pair = {cert: pem('web.test.crt'), key: pem('web.test.key')};

/** An emulator on real sockets, and what is done to it. */
function surfacesOf(emulator: Emulator, config: Record<string, unknown>): Surroundings & Surfaces {
	const own = async (method: string, route: string, body?: object) => {
		const json = body === undefined ? {} : {headers: {'Content-Type': 'application/json'}, body: JSON.stringify(body)};
		const response = await fetch(`${emulator.endpoint}/_lb/${route}`, {method, ...json});
		// The emulator's own answer, whose form docs/ describes.
		const answer = (await response.json()) as {error?: {message: string}} & Awaited<ReturnType<Surfaces['readState']>>;
		assert(response.status < 500, `${method} ${route} was answered ${response.status}`);
		if (!response.ok) throw new ApiRefusal(JSON.stringify(answer));
		return answer;
	};
	return {
		get loadBalancers() {
			return emulator.loadBalancers;
		},
		get: name => emulator.get(name),
		create: spec => emulator.create(spec as Parameters<Emulator['create']>[0]), // It is one, made of texts.
		reload(next) {
			for (const key of Object.keys(config)) delete config[key];
			Object.assign(config, next);
			return emulator.reload();
		},
		reset: () => emulator.reset(),
		async api(action, body) {
			const {status, body: text} = await new ControlPortApi(emulator).send(action, body);
			const answer = JSON.parse(text);
			assert(status < 500, `${action} was answered ${status}`);
			if (status !== 200) throw new ApiRefusal(JSON.stringify(answer.Errors));
			return answer;
		},
		setVm: vm => own('POST', 'vms', vm),
		removeVm: id => own('DELETE', 'vms', {id}),
		readState: () => own('GET', 'state'),
		pass: async () => {},
	};
}

/** Asks each listener: it answers, with its certificate where it has one, and from a back-end that is registered. */
async function validateServed(lb: LoadBalancer): Promise<void> {
	const registered = Object.keys(lb.health);
	for (const {port, boundPort, certificate} of lb.listeners) {
		if (certificate === undefined) {
			const response = await fetch(`http://127.0.0.1:${boundPort}/`);
			const text = await response.text();
			if (response.status !== 200 || text === '{}') continue;
			// An echo back-end's answer is JSON.
			const {backend} = JSON.parse(text) as {backend: string};
			assert(registered.includes(backend), `${backend} answers at ${lb.name}, which has ${registered}`);
			continue;
		}
		const socket = connectTls({port: boundPort, host: '127.0.0.1', rejectUnauthorized: false});
		await once(socket, 'secureConnect');
		same(socket.getPeerX509Certificate()?.fingerprint256, certificate.fingerprint256, `${lb.name}, port ${port},`);
		socket.destroy();
	}
}

/** What this process holds open that it did not before. */
function heldOpen(): readonly string[] {
	return process.getActiveResourcesInfo().filter(each => /^(?:TCPServer|Process)/.test(each));
}

test('whatever is under way at once on real sockets, what is described, served and shown is the same', async t => {
	const folder = await mkdtemp(path.join(tmpdir(), 'lb-local-'));
	t.teardown(() => rm(folder, {recursive: true, force: true}));
	// Where one of the access logs is to be, no file can be.
	await mkdir(path.join(folder, 'c.log'));
	const [commandPort = 0] = await freePorts(1);
	const before = heldOpen();
	const property = fc.asyncProperty(batches(STEPS, {logs: folder, pair, commandPort}), async all => {
		const config: Record<string, unknown> = {...configs(commandPort)[0]};
		const emulator = await startEmulator({config, authority});
		const surfaces = surfacesOf(emulator, config);
		const ports = new Set<number>();
		try {
			let models: readonly Simple[] = [AT_FIRST];
			for (const batch of all) {
				const labels = batch.map(({label}) => label);
				const results = await within(labels.join(', '), Promise.allSettled(batch.map(async ({run}) => run(surfaces))));
				for (const [index, result] of results.entries()) validateFailure(result, labels[index] ?? '');
				const done = batch.filter((_, index) => results[index]?.status === 'fulfilled');
				const now = await shownBy(surfaces);
				const after = reached(models, now, done);
				const what = `${models.map(keyOf)} became ${keyOf(now)} by ${done.map(({label}) => label)} of ${labels}`;
				assert(after.length > 0, what);
				models = after;
				for (const lb of emulator.loadBalancers) await within(`answer of ${lb.name}`, validateServed(lb));
				for (const {listeners} of emulator.loadBalancers) for (const {boundPort} of listeners) ports.add(boundPort);
			}
		} finally {
			await emulator.stop();
		}
		for (const port of ports) same(await refusalAt(port), 'ECONNREFUSED', `port ${port}`);
		same(heldOpen(), before, 'what is left open');
	});
	t.is(await failureOf(property, runs(20, 2)), undefined);
});
