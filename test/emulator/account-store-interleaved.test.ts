import {setImmediate as nextTurn} from 'node:timers/promises';
import test from 'ava';
import fc from 'fast-check';
import type {ManagedLoadBalancer} from '../../src/emulator/managed-load-balancer.ts';
import {createAuthority} from '../../src/index.ts';
import {backendsOf, certificatesOf, resolve} from '../../src/model/resolve.ts';
import {runs} from '../helpers/depth.ts';
import {FakeDataPlane} from '../helpers/fake-data-plane.ts';
import {FakeEmulator} from '../helpers/fake-emulator.ts';
import {assert, reached, same, shownBy, textOf, validateFailure} from '../helpers/interleaved-comparison.ts';
import type {Step} from '../helpers/interleaved-step.ts';
import {batches, failureOf} from '../helpers/interleaved-steps.ts';
import {within} from '../helpers/patience.ts';
import type {SimpleAccount} from '../helpers/simple-account.ts';
import {atFirst} from '../helpers/simple-changes.ts';
import {configurations} from '../helpers/simple-configurations.ts';

const STEPS = 30;
const authority = createAuthority();
const pairs = {'one.test': authority.issue({names: ['one.test']}), 'two.test': authority.issue({names: ['two.test']})};
const PORTS = [8080, 8081, 8443] as const;

const sorted = <Value extends string | number>(values: Iterable<Value>): Value[] => [...values].toSorted();

/** Whether what runs is what is described, and nothing else runs. */
function validateRunning({store, registry, notices}: FakeEmulator, plane: FakeDataPlane): void {
	const {account, managed} = store;
	const all = [...managed.values()];
	for (const each of all) validateLoadBalancer(each, store.account, plane);
	const ports = all.flatMap(({running}) => running.listeners.map(({bound}) => `${bound.host} ${bound.port}`));
	same(sorted(ports), sorted(plane.bound.keys()), 'bound ports');
	const logs = all.flatMap(({log}) => log ?? []);
	assert(logs.length === plane.logs.size && logs.every(log => plane.logs.has(log)), 'access logs differ');
	const held = new Set(all.flatMap(({backends}) => [...backends.values()]));
	for (const [backend, {described, isUp}] of plane.backends) {
		assert(isUp, `back-end ${backend.name} is suspended`);
		assert(held.has(backend) || registry.kept.has(described), `nobody holds back-end ${backend.name}`);
	}
	for (const backend of held) {
		assert(plane.backends.has(backend) || /address|undeclared/.test(backend.kind), `${backend.name} has ended`);
	}
	const texts = notices.texts('note');
	same(texts, [...new Set(texts)], 'notices');
	for (const notice of texts) assert(managed.has(notice.split(',')[0] ?? ''), `notice of what is gone: ${notice}`);
	for (const [id, {broughtBy}] of account.certificates) {
		const isShown = [...account.loadBalancers.values()].some(({listeners}) =>
			listeners.some(({certificateId}) => certificateId === id),
		);
		assert(broughtBy === undefined || isShown || account.loadBalancers.has(broughtBy), `certificate of ${broughtBy}`);
	}
}

function validateLoadBalancer(
	each: ManagedLoadBalancer,
	account: FakeEmulator['store']['account'],
	plane: FakeDataPlane,
): void {
	const {name, running, described, backends} = each;
	const registered = backendsOf(described, account);
	const names = new Set(registered.map(backend => backend.name));
	const wanted = resolve(described, account, {
		host: '127.0.0.1',
		authorityPem: authority.pem,
		addressOf: ({name: backend}) => each.currentBackends.find(one => one.name === backend)?.description,
		bindingOf: (_, port) => {
			const found = running.description.listeners.find(listener => listener.port === port);
			assert(found !== undefined, `${name} has no listener on port ${port}`);
			return found.bind;
		},
	});
	const {rules, ...rest} = running.description;
	// A back-end that was drained is in rules still.
	const kept = rules.map(rule => ({...rule, to: rule.to.filter(to => names.has(to))}));
	for (const [key, value] of Object.entries({...rest, rules: kept})) {
		same(value, Object.entries(wanted).find(([other]) => other === key)?.[1], `${key} of ${name}, run and described,`);
	}
	for (const listener of running.listeners) {
		const {description, bound} = listener;
		assert(plane.bound.get(`${bound.host} ${bound.port}`) === bound, `port ${bound.port} of ${name} is not bound`);
		assert('isServed' in listener && listener.isServed === true, `port ${bound.port} of ${name} is not served`);
		const shown = certificatesOf(described, account).get(description.port)?.pair;
		same(
			[description.certificate?.cert, description.certificate?.key],
			[shown?.cert, shown?.key],
			`certificates of ${name}`,
		);
		assert((description.protocol === 'https') === (shown !== undefined), `${name}: https and no certificate`);
	}
	assert(backends.size >= registered.length, `${name} does not hold its back-ends`);
	assert((each.log === undefined) === (described.logTarget === undefined), `the access log of ${name}`);
}

/** What a step that fails must not change. */
function everything({store, notices}: FakeEmulator, plane: FakeDataPlane): readonly unknown[] {
	const {account, managed} = store;
	return [
		...[account.loadBalancers, account.certificates, account.vms].flatMap(each => [...each].flat()),
		...account.rules,
		account.serial,
		...managed.values(),
		...plane.bound.values(),
		...plane.backends.keys(),
		...plane.logs,
		...notices.texts('warning'),
		...notices.texts('note'),
	];
}

test('whatever is under way at once and fails, what is described, runs and shows is the same', async t => {
	const options = {logs: '/var/log', pairs, commandPort: 9000, ports: PORTS};
	const property = fc.asyncProperty(
		fc.scheduler(),
		batches(STEPS, options),
		fc.uniqueArray(fc.nat(150), {maxLength: 30}),
		fc.constantFrom('free', 'free', 'exact', 'fallback'),
		fc.constantFrom(0, 1000),
		async (scheduler, all, faults, ports, lifecycleMs) => {
			const failing = new Set(faults);
			let count = 0;
			let isArmed = false;
			const plane = new FakeDataPlane({
				pause: async (step, what) => void (await scheduler.schedule(Promise.resolve(), `${step} ${what}`)),
				fails: () => isArmed && failing.has(count++),
			});
			const emulator = new FakeEmulator({plane, ports, lifecycleMs, authority});
			await emulator.open();
			try {
				await scheduler.waitFor(emulator.reload(configurations(PORTS, 9000)[0] ?? {}));
				isArmed = true;
				const simple = {ports: PORTS, deletionLasts: lifecycleMs > 0, portsAreExact: ports === 'exact'};
				let models: readonly SimpleAccount[] = [atFirst(simple)];
				for (const batch of all) models = await carryOut(batch, models);
				await scheduler.waitFor(emulator.stop());
				same([plane.bound.size, plane.backends.size, plane.logs.size], [0, 0, 0], 'what is left after the end');
			} finally {
				await emulator.close();
			}

			async function carryOut(
				batch: readonly Step[],
				before: readonly SimpleAccount[],
			): Promise<readonly SimpleAccount[]> {
				const past = everything(emulator, plane);
				const results = Promise.allSettled(
					batch.map(async ({run, label}) => {
						await scheduler.schedule(Promise.resolve(), label);
						await run(emulator);
					}),
				);
				const settled = await within(batch.map(({label}) => label).join(', '), scheduler.waitFor(results));
				// What follows a change is over as well.
				for (let turn = 0; turn < 4; turn++) {
					await scheduler.waitIdle();
					await nextTurn();
				}
				for (const [index, result] of settled.entries()) validateFailure(result, batch[index]?.label ?? '');
				const done = batch.filter((_, index) => settled[index]?.status === 'fulfilled');
				validateRunning(emulator, plane);
				const now = await shownBy(emulator);
				const told = settled.map(
					(each, index) =>
						`${batch[index]?.label}: ${each.status} ${each.status === 'rejected' ? each.reason.message : ''}`,
				);
				const after = reached(before, now, done);
				assert(after.length > 0, `${before.map(textOf)} became ${now} by ${told.join('\n')}`);
				if (done.length === 0) {
					const present = everything(emulator, plane);
					const differing = [...new Set([...past, ...present])].filter(
						each => !(past.includes(each) && present.includes(each)),
					);
					const what = differing.map(each => JSON.stringify(each)?.slice(0, 200)).join('\n');
					assert(differing.length === 0, `failures changed ${what}: ${told.join('\n')}`);
				}
				return after;
			}
		},
	);
	t.is(await failureOf(property, runs(500, 40)), undefined);
});
