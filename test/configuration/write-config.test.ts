import test from 'ava';
import fc from 'fast-check';
import type * as v from 'valibot';
import {describeConfig} from '../../src/configuration/describe-config.ts';
import {formatYaml, readWritten} from '../../src/configuration/format-config.ts';
import {configSchema} from '../../src/configuration/schema.ts';
import type {Config} from '../../src/configuration/spec.ts';
import {writeConfig} from '../../src/configuration/write-config.ts';
import {writeDuration} from '../../src/configuration/write-values.ts';
import {parseYaml} from '../../src/configuration/yaml-document.ts';
import {NOTHING_CONFIGURED} from '../../src/emulator/configured.ts';
import type {FakeBehaviour, NormalisedConfig} from '../../src/model/normalised.ts';
import {configurations} from '../helpers/configuration-arbitrary.ts';

const NOTHING: NormalisedConfig = NOTHING_CONFIGURED.described;
const NONE = {directory: '/here'};

const notWrittenIn = (written: Config) => readWritten(written).notWritten;

function described(config: Config): NormalisedConfig {
	const read = describeConfig(config);
	if ('config' in read) return read.config;
	throw new Error([...read.violations].map(({message}) => message).join('\n'));
}

/** One back-end `a` that does this. */
function withBehaviour(behaviour: object): NormalisedConfig {
	// The model keeps behaviours without looking into them.
	const fake = {
		kind: 'fake',
		name: 'a',
		behaviour: behaviour as FakeBehaviour,
		tls: undefined,
		proxyProtocol: 'off',
	} as const;
	return {...NOTHING, backends: new Map([['a', [fake]]])};
}

test('what is the default is left out', t => {
	const {backends, loadBalancers, ...rest} = writeConfig(
		described({
			backends: {app: {kind: 'echo', count: 2, tls: false}, api: 3000},
			loadBalancers: {
				web: {
					listeners: [{listen: 'https:443 -> http:80', tls: {minVersion: 'TLSv1.2'}, stickiness: false}, 'tcp:25'],
					backends: ['app', 'api'],
					healthCheck: {target: 'TCP:80', interval: '30s'},
					idleTimeout: '60s',
					draining: false,
				},
			},
		}),
		NONE,
	);

	t.deepEqual(backends, {app: {kind: 'echo', count: 2}, api: '127.0.0.1:3000'});
	t.deepEqual(loadBalancers, {web: {listeners: ['https:443 -> http:80', 'tcp:25'], backends: ['app', 'api']}});
	t.deepEqual(rest, {});
});

test('a group is written by its name only where all of it stands in a row', t => {
	const {loadBalancers} = writeConfig(
		described({
			backends: {app: {kind: 'echo', count: 2}, b: {kind: 'echo'}},
			loadBalancers: {
				one: {listeners: ['http:80'], backends: ['b', 'app-1', 'app-2']},
				two: {listeners: ['http:81'], backends: ['app-1', 'b', 'app-2']},
				three: {listeners: ['http:82'], backends: ['app-2', 'app-1']},
			},
		}),
		NONE,
	);

	t.deepEqual(
		Object.values(loadBalancers ?? {}).map(each => each.backends),
		[
			['b', 'app'],
			['app-1', 'b', 'app-2'],
			['app-2', 'app-1'],
		],
	);
});

test('paths are absolute', t => {
	const written = writeConfig(
		described({
			control: {accessLogs: 'logs'},
			certificates: {web: {cert: 'web.crt', key: './web.key', chain: '../chain.crt'}},
			loadBalancers: {
				a: {listeners: ['http:80'], accessLog: 'a.log'},
				b: {listeners: ['http:80'], accessLog: {folder: 'b', interval: '5m'}},
			},
		}),
		{directory: '/some/where'},
	);

	t.is(written.control?.accessLogs, '/some/where/logs');
	t.deepEqual(written.certificates?.['web'], {
		cert: '/some/where/web.crt',
		key: '/some/where/web.key',
		chain: '/some/chain.crt',
	});
	t.is(written.loadBalancers?.['a']?.accessLog, '/some/where/a.log');
	t.deepEqual(written.loadBalancers?.['b']?.accessLog, {folder: '/some/where/b', interval: '5m'});
});

test('durations say their unit', t => {
	t.deepEqual([0, 1, 999, 1000, 1500, 60_000, 0.5, 1e-7].map(writeDuration), [
		...['0ms', '1ms', '999ms', '1s', '1500ms', '60s', '0.5ms', '0ms'],
	]);
});

test('what cannot be written is told, and something that can takes its place', t => {
	const handler = () => {};
	const bytes = new Uint8Array([0xff, 0xfe]);
	const cases = [
		{given: {kind: 'handler', handler}, becomes: {kind: 'echo'}, told: /^backends\.a: a handler is code/},
		{given: {kind: 'socket', handler}, becomes: {kind: 'tcp', mode: 'echo'}, told: /^backends\.a: a handler is code/},
		{
			given: {kind: 'tcp', mode: 'source', data: bytes},
			becomes: {kind: 'tcp', mode: 'source'},
			told: /^backends\.a\.data: these bytes are not UTF-8/,
		},
		{
			given: {kind: 'tcp', mode: 'source', data: new TextEncoder().encode('\ufeffé')},
			becomes: {kind: 'tcp', mode: 'source', data: '\ufeffé'},
			told: undefined,
		},
	] as const;
	for (const {given, becomes, told} of cases) {
		const written = writeConfig(withBehaviour(given), NONE);
		t.deepEqual(written.backends, {a: becomes});
		if (told === undefined) t.deepEqual(notWrittenIn(written), []);
		else t.regex(notWrittenIn(written)[0] ?? '', told);
	}
});

test('no private key and no secret key is written, wherever it stands', async t => {
	const key = '-----BEGIN PRIVATE KEY-----\nMIIsecret\n-----END PRIVATE KEY-----\n';
	const config = described({
		control: {credentials: {AKID: 'MIIsecret'}},
		backends: {
			a: {kind: 'reply', body: key, headers: {'X-A': key.replaceAll('\n', ' '), 'X-B': 'b'}},
			b: {kind: 'tcp', mode: 'source', data: key},
			c: {kind: 'command', run: `echo '${key}'`},
		},
	});

	const written = writeConfig(config, NONE);
	const yaml = await formatYaml(written, 'written');

	t.notRegex(yaml, /MIIsecret|PRIVATE KEY|AKID/);
	t.deepEqual(written.backends, {
		a: {kind: 'reply', headers: {'X-B': 'b'}},
		b: {kind: 'tcp', mode: 'source'},
		c: {kind: 'echo'},
	});
	t.deepEqual(
		notWrittenIn(written).map(each => each.slice(0, each.indexOf(': '))),
		['control', 'backends.a.headers.X-A', 'backends.a.body', 'backends.b.data', 'backends.c'],
	);
});

test('in YAML, what is not written stands in comments, one line each', async t => {
	const sections = {control: {port: 0}, 'x-not-written': ['a: one\nloadBalancers: {}', 'b: two']};

	const yaml = await formatYaml(sections, 'The title.');

	t.is(
		yaml,
		'# The title.\n# Not written as it is:\n# - a: one loadBalancers: {}\n# - b: two\n\ncontrol:\n  port: 0\n',
	);
	t.deepEqual(parseYaml(yaml).value, {control: {port: 0}});
});

/** Keys of the schema that are never written, and why. */
const LEFT_OUT = new Map([
	['control.credentials', 'secret keys'],

	['loadBalancers.*.accessLog.file', 'the path alone says the same'],
	...['cert', 'key', 'chain', 'notBefore', 'notAfter', 'fingerprint256'].map(
		key => [`loadBalancers.*.listeners.*.certificate.${key}`, 'a private key and what goes with it'] as const,
	),
]);

/** What the arbitrary configurations do not have. */
const MORE: Config = {
	account: {
		nets: [{id: 'vpc-12345678'}],
		subnets: [{id: 'subnet-12345678', net: 'vpc-12345678', subregion: 'eu-west-2a', ipRange: '10.0.0.0/24'}],
		securityGroups: [{id: 'sg-12345678', name: 'a', net: 'vpc-12345678'}],
	},
	certificates: {web: {cert: 'web.crt', key: 'web.key', chain: 'chain.crt'}},
	backends: {a: {kind: 'echo'}},
	loadBalancers: {
		web: {listeners: ['http:80'], backends: ['a'], rules: [{priority: 1, path: '/', to: ['a'], listener: 80}]},
		tls: {
			listeners: ['https:443'],
			backends: ['a'],
			faults: [
				{on: 'backend:a', do: {refuse: true}, sni: 'a.test'},
				{on: 'backend:a', do: {tls: 'alert'}},
				{on: 'listener:443', do: {limit: 1}, direction: 'up'},
			],
		},
	},
};

test('every key of the schema is written, or is known to be left out', t => {
	const found = new Set<string>();
	for (const config of [MORE, ...fc.sample(configurations, {numRuns: 1500, seed: 1})]) {
		const read = describeConfig(config);
		// As JSON has it: lists and objects alone.
		if ('config' in read) keysIn(JSON.parse(JSON.stringify(writeConfig(read.config, NONE))), [], found);
	}

	const wanted = keysOf(configSchema);
	t.true(wanted.size > 80);
	t.deepEqual(
		[...wanted].filter(key => !found.has(key) && !LEFT_OUT.has(key)),
		[],
	);
	t.deepEqual(
		[...LEFT_OUT.keys()].filter(key => found.has(key) || !wanted.has(key)),
		[],
	);
});

/** Where names are the user's own, and in lists, `*` stands for them. */
function keysOf(schema: v.GenericSchema, path: readonly string[] = [], found = new Set<string>()): Set<string> {
	// As valibot has them; each schema has some of these.
	const {entries, wrapped, options, item, value} = schema as {
		readonly entries?: Readonly<Record<string, v.GenericSchema>>;
		readonly wrapped?: v.GenericSchema;
		readonly options?: readonly (v.GenericSchema | string)[];
		readonly item?: v.GenericSchema;
		readonly value?: v.GenericSchema;
	};
	if (wrapped !== undefined) keysOf(wrapped, path, found);
	for (const option of options ?? []) if (typeof option === 'object') keysOf(option, path, found);
	for (const [key, entry] of Object.entries(entries ?? {})) {
		found.add([...path, key].join('.'));
		keysOf(entry, [...path, key], found);
	}
	if (item !== undefined) keysOf(item, [...path, '*'], found);
	if (value !== undefined) keysOf(value, [...path, '*'], found);
	return found;
}

/** The same of a configuration: the names of these sections are the user's own. */
const NAMED = /^(?:vms|certificates|backends|loadBalancers|backends\.\*\.(?:headers|ports))$/;

function keysIn(value: unknown, path: readonly string[], found: Set<string>): void {
	if (typeof value !== 'object' || value === null) return;
	const isNamed = Array.isArray(value) || NAMED.test(path.join('.'));
	for (const [key, each] of Object.entries(value)) {
		const here = [...path, isNamed ? '*' : key];
		if (!isNamed) found.add(here.join('.'));
		keysIn(each, here, found);
	}
}
