import {isDeepStrictEqual} from 'node:util';
import test from 'ava';
import fc from 'fast-check';
import {millisecondsIn} from '../../src/base/duration.ts';
import {describeConfig} from '../../src/configuration/describe-config.ts';
import {formatYaml} from '../../src/configuration/format-config.ts';
import {interpolate} from '../../src/configuration/interpolate.ts';
import {writeConfig} from '../../src/configuration/write-config.ts';
import {parseYaml} from '../../src/configuration/yaml-document.ts';
import {NOTHING_CONFIGURED} from '../../src/emulator/configured.ts';
import {type Account, emptyAccount, type UsableCertificate} from '../../src/model/account.ts';
import type {NormalisedBackend, NormalisedConfig} from '../../src/model/normalised.ts';
import {type ConfigurationContent, configure} from '../../src/operations/configure.ts';
import {snapshotOf} from '../../src/operations/snapshot.ts';
import {CONTEXT} from '../helpers/accounts.ts';
import {configurations} from '../helpers/configuration-arbitrary.ts';
import {runs} from '../helpers/depth.ts';

const DIRECTORY = '/here';

/** A certificate that says what it was asked for. */
function certificateFor(asked: unknown, names: readonly string[] = ['web.test']): UsableCertificate {
	const pair = {cert: JSON.stringify(asked), key: 'key'};
	return {pair, facts: {names, notAfter: new Date(0), fingerprint256: 'AB', keyType: 'ec'}, warnings: [], issued: true};
}

/** The account that a configuration makes, with certificates that are not real. */
function accountOf(described: NormalisedConfig): {
	readonly account: Account;
	readonly configured: ConfigurationContent;
} {
	const named = new Map([...described.certificates].map(([name, each]) => [name, certificateFor([name, each])]));
	const shown = [...described.loadBalancers.values()].map(({name, listeners}) => {
		const own = listeners.flatMap(({ports: {port}, certificate}) => {
			if (certificate === undefined) return [];
			const found = certificate.kind === 'named' ? named.get(certificate.name) : undefined;
			return [[port, found ?? certificateFor([name, port, certificate])] as const];
		});
		return [name, new Map(own)] as const;
	});
	const configured = {described, certificates: named};
	const input = {before: NOTHING_CONFIGURED, after: configured, certificates: new Map(shown)};
	return {account: configure(input)(emptyAccount(described.account.inventory), CONTEXT).account, configured};
}

/** Without what users wrote, and what fakes keep of it: it says the same in other words. */
function withoutSources(account: Account): object {
	const vms = [...account.vms].map(([id, backend]) => [id, inMilliseconds(backend)] as const);
	const loadBalancers = [...account.loadBalancers].map(([name, {source: _, ...rest}]) => [name, rest] as const);
	return {...account, loadBalancers: new Map(loadBalancers), vms: new Map(vms)};
}

/** A name with a count of 0 stands for nothing. */
function backendsIn({backends}: NormalisedConfig): Map<string, readonly object[]> {
	const some = [...backends].filter(([, group]) => group.length > 0);
	return new Map(some.map(([name, group]) => [name, group.map(inMilliseconds)]));
}

function inMilliseconds(backend: NormalisedBackend): object {
	if (backend.kind !== 'fake') return backend;
	return {...backend, behaviour: withPlainDurations(backend.behaviour)};
}

const DURATIONS: ReadonlySet<string> = new Set(['delay', 'keepAlive', 'every', 'retry']);

/** The same, and its durations are numbers, in whichever way they were written. */
function withPlainDurations<Value>(value: Value): Value {
	if (Array.isArray(value)) return value.map(withPlainDurations) as Value;
	if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return value;
	const entries = Object.entries(value).map(([key, each]) => [
		key,
		DURATIONS.has(key) ? millisecondsIn(each) : withPlainDurations(each),
	]);
	// The same keys, with values of the same types.
	return Object.fromEntries(entries) as Value;
}

/** What a configuration is, written and read again. */
async function writtenAgain(config: unknown): Promise<{readonly before: Account; readonly after: Account}> {
	const read = describeConfig(config);
	if (!('config' in read)) throw new Error(JSON.stringify([...read.violations]));
	const {account, configured} = accountOf(read.config);
	const {config: snapshot, notWritten} = snapshotOf(account, {configured, identifiers: CONTEXT.identifiers});
	const again = describeConfig(writeConfig(snapshot, {directory: DIRECTORY, notWritten}));
	if (!('config' in again)) throw new Error(JSON.stringify([...again.violations]));
	return {before: account, after: accountOf(again.config).account};
}

for (const names of [
	['~', 'é'],
	['é', '~'],
]) {
	test(`certificates ${names.join(' and ')}, whose names come down to one in the cloud, keep their order`, async t => {
		const listeners = names.map((certificate, index) => ({listen: `https:${443 + index}`, certificate}));
		const {before, after} = await writtenAgain({
			certificates: Object.fromEntries(names.map(name => [name, {names: ['lb.test']}])),
			loadBalancers: {web: {listeners}},
		});

		t.deepEqual(withoutSources(after), withoutSources(before));
		t.is([...after.certificates.values()][0]?.configuredAs, names[1]);
	});
}

test('a back-end called like a VM id keeps the id under which it is registered', async t => {
	const name = 'i-0000000a';
	const {before, after} = await writtenAgain({
		backends: {[name]: {host: '::1'}},
		vms: {[name]: '::1', 'i-0000000b': name},
		loadBalancers: {web: {listeners: ['http:80'], backends: [name], rules: [{priority: 1, path: '/x', to: [name]}]}},
	});

	t.deepEqual(after.loadBalancers.get('web')?.backends, before.loadBalancers.get('web')?.backends);
});

test('a configuration that is written and read again makes the same account', async t => {
	let compared = 0;
	await fc.assert(
		fc.asyncProperty(configurations, async config => {
			const read = describeConfig(config);
			fc.pre('config' in read);
			const {config: described} = read;
			const {account, configured} = accountOf(described);

			const snapshot = snapshotOf(account, {configured, identifiers: CONTEXT.identifiers});
			const written = writeConfig(snapshot.config, {directory: DIRECTORY, notWritten: snapshot.notWritten});
			const document = parseYaml(await formatYaml(JSON.parse(JSON.stringify(written)), 'written'));
			const {value} = interpolate(document.value, {HOME: 'of somebody'});
			const again = describeConfig(value, {origin: 'file'});

			if ('violations' in again) throw new Error(JSON.stringify([document.faults, [...again.violations]]));
			const {account: next} = accountOf(again.config);
			if (!isDeepStrictEqual(withoutSources(next), withoutSources(account))) {
				t.deepEqual(withoutSources(next), withoutSources(account));
				throw new Error('the accounts differ');
			}
			if (!isDeepStrictEqual(again.config.control, described.control)) throw new Error('the control ports differ');
			if (!isDeepStrictEqual(again.config.account, described.account)) throw new Error('the sections differ');
			if (!isDeepStrictEqual(backendsIn(again.config), backendsIn(described))) throw new Error('the back-ends differ');
			if (snapshot.notWritten.length > 0) throw new Error(snapshot.notWritten.join('\n'));
			compared++;
		}),
		{numRuns: runs(1500, 300)},
	);
	t.true(compared >= runs(1500, 300));
});
