import {writeFile} from 'node:fs/promises';
import path from 'node:path';
import {inspect} from 'node:util';
import test from 'ava';
import fc from 'fast-check';
import {readConfigText} from '../../src/configuration/config-file.ts';
import {type Config, type LoadBalancerSpec, startEmulator, startLoadBalancer} from '../../src/index.ts';
import {runCli} from '../cli/helpers/command-line.ts';
import {runs} from '../helpers/depth.ts';
import {InMemoryOutscaleApi} from '../helpers/in-memory-outscale.ts';
import {httpListener, newLoadBalancer} from '../helpers/outscale-api.ts';
import {temporaryFolder} from '../helpers/temporary-folder.ts';

// A private key that somebody pastes into the wrong place, and the secret keys of a configuration, are repeated nowhere:
// whatever is wrong with the input, and wherever the secret stands in it.

/** What lines of a real key look like. */
const LINES = [
	'MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj',
	'MzEfYyjiWA4R4/M2bS1GB4t7NXp98C3SC6dVMvDuictGeurT8jNbvJZHtCSuYEvu',
	'NMoSfm76oqFvAp8Gy0iz5sxjZmSnXyCdPEovGhLa0VzMaQ8s+CLOyS56YyCFGeJZ',
];
const LABELS = ['PRIVATE KEY', 'RSA PRIVATE KEY', 'EC PRIVATE KEY', 'ENCRYPTED PRIVATE KEY', 'OPENSSH PRIVATE KEY'];

/** PEM as it gets into the wrong place: whole, cut off, on one line, with escaped line breaks, amid other text. */
const pem = fc
	.record({
		label: fc.constantFrom(...LABELS),
		before: fc.constantFrom('', 'x', '127.0.0.1:', 'https:443 -> ', ' \n'),
		after: fc.constantFrom('', ':80', ' -> http:80', '\n', '/api'),
		eol: fc.constantFrom('\n', '\r\n', '\\n', ' '),
		isWhole: fc.boolean(),
	})
	.map(({label, before, after, eol, isWhole}) => {
		const last = isWhole ? [`-----END ${label}-----`] : [];
		return `${before}${[`-----BEGIN ${label}-----`, ...LINES, ...last].join(eol)}${after}`;
	});

/** The pieces of 12 characters of what must not be seen. */
function piecesOf(secret: string): string[] {
	return Array.from({length: secret.length - 11}, (_, index) => secret.slice(index, index + 12));
}
const PIECES = LINES.flatMap(piecesOf);

/** The first piece of a secret that somebody could read. */
function seenIn(output: string, pieces: readonly string[] = PIECES): string | undefined {
	return pieces.find(piece => output.includes(piece));
}

/** All that is told of a failure: its message, as it is printed with everything in it, and as JSON. */
function toldOf(error: unknown): string {
	const json = JSON.stringify(error, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value));
	return [error instanceof Error ? `${error.message}\n${error.stack}` : '', inspect(error, {depth: 9}), json].join(
		'\n',
	);
}

/** A copy in which one text, one key or one other value, chosen by a number, is another. */
function withSecret<Value>(value: Value, secret: string, choice: number): Value {
	const places: ((made: unknown) => unknown)[] = [];
	const count = (at: unknown, change: (made: unknown, put: (old: unknown) => unknown) => unknown): void => {
		places.push(made => change(made, () => secret));
		if (typeof at !== 'object' || at === null) return;
		for (const [key, inner] of Object.entries(at)) {
			count(inner, (made, put) => change(made, old => replaced(old, key, put)));
			if (!Array.isArray(at)) places.push(made => change(made, old => renamed(old, key, secret)));
		}
	};
	count(value, (made, put) => put(made));
	// The result has another shape on purpose: callers pass anything.
	return (places[choice % places.length]?.(value) ?? value) as Value;
}

function replaced(old: unknown, key: string, put: (old: unknown) => unknown): unknown {
	if (Array.isArray(old)) return old.map((item: unknown, index) => (String(index) === key ? put(item) : item));
	const entries = Object.entries(old as object);
	return Object.fromEntries(entries.map(([name, item]) => [name, name === key ? put(item) : item]));
}

function renamed(old: unknown, key: string, name: string): unknown {
	return Object.fromEntries(Object.entries(old as object).map(([each, item]) => [each === key ? name : each, item]));
}

const SECRET = 'wJalrXUtnFEMIbPxRfiCYEXAMPLEKEY';

const CONFIG = {
	control: {port: 0, host: '127.0.0.1', names: ['lb.internal'], credentials: {AKIDEXAMPLE: SECRET}, lifecycle: '1s'},
	account: {id: '123456789012', region: 'eu-west-2', publicIps: ['192.0.2.10'], nets: [{id: 'vpc-12345678'}]},
	certificates: {web: {names: ['web.test']}, old: {cert: './a.crt', key: './a.key'}},
	backends: {app: {kind: 'echo', count: 2}, api: '127.0.0.1:3000', many: {host: '127.0.0.1', ports: {80: 3001}}},
	vms: {'i-0000000a': 'api', 'i-0000000b': '127.0.0.1:3001'},
	loadBalancers: {
		web: {
			listeners: [{listen: 'https:443 -> http:80', certificate: 'web', stickiness: {seconds: 300}}, 'http:80'],
			backends: ['app', 'api'],
			healthCheck: {target: 'HTTP:80/health', interval: '5s', timeout: '2s', healthy: 2, unhealthy: 2},
			rules: [{priority: 10, path: '/api/*', to: ['api'], name: 'api'}],
			draining: '30s',
			accessLog: {folder: './logs', prefix: 'prod', interval: '5m'},
			tls: {ciphers: 'ECDHE'},
		},
	},
};

test('a private key anywhere in a configuration file, as YAML or JSON, is not repeated', async t => {
	const property = fc.asyncProperty(pem, fc.nat(), fc.constantFrom(undefined, 2), async (secret, choice, indent) => {
		const text = JSON.stringify(withSecret(CONFIG, secret, choice), undefined, indent);
		const told = await readConfigText(text, 'lb.yaml').then(() => '', toldOf);
		return seenIn(told) === undefined;
	});
	await t.notThrowsAsync(fc.assert(property, {numRuns: runs(300)}));
});

test('a private key anywhere in what the library is given is not repeated', async t => {
	const spec = {
		...CONFIG.loadBalancers.web,
		backends: ['127.0.0.1:1', {kind: 'echo', tls: {names: ['a.test']}}],
		name: 'web',
	};
	const property = fc.asyncProperty(pem, fc.nat(), fc.boolean(), async (secret, choice, isOfEmulator) => {
		const start = isOfEmulator
			? () => startEmulator({config: withSecret(CONFIG, secret, choice) as unknown as Config})
			: () => startLoadBalancer(withSecret(spec, secret, choice) as unknown as LoadBalancerSpec);
		// The whole description is wrong without it already, so nothing is ever started.
		const told = await start().then(started => started.stop().then(() => ''), toldOf);
		return seenIn(told) === undefined;
	});
	await t.notThrowsAsync(fc.assert(property, {numRuns: runs(150)}));
});

test('a private key in the place of any name is not repeated by a load balancer or an emulator', async t => {
	await using emulator = await startEmulator();
	const lb = await emulator.create({listeners: ['https:443 -> http:80', 'http:80'], backends: 1});
	const secret = `-----BEGIN PRIVATE KEY-----\n${LINES.join('\n')}\n-----END PRIVATE KEY-----\n`;
	// Callers without types pass anything.
	const any = secret as never;
	const calls: Readonly<Record<string, () => unknown>> = {
		get: () => emulator.get(secret),
		create: () => emulator.create({name: secret, listeners: ['http:81']}),
		backend: () => lb.backend(secret),
		setHealth: () => lb.setHealth(secret, 'auto'),
		'setHealth, state': () => lb.setHealth('a', any),
		drain: () => lb.drain(secret),
		port: () => lb.port(any),
		connect: () => lb.connect(any),
		update: () => lb.update({[secret]: 1}),
		'update, name': () => lb.update({name: secret}),
		setCertificate: () => lb.setCertificate(443, secret),
		'setCertificate, port': () => lb.setCertificate(any, {cert: secret, key: secret}),
		'setCertificate, key as certificate': () => lb.setCertificate(443, {cert: secret, key: secret}),
		advance: () => emulator.clock.advance(any),
		next: () => lb.traffic.next(undefined, any),
		options: () => startEmulator({[secret]: 1}),
		'options, values': () => startEmulator({ports: any, clock: any, host: secret, record: {[secret]: 1} as never}),
		'a configuration file': () => startEmulator({config: `/${secret}`}),
	};

	for (const [name, call] of Object.entries(calls)) {
		const error = await t.throwsAsync(async () => call(), {any: true}, name);
		t.is(seenIn(toldOf(error)), undefined, `${name}: ${toldOf(error)}`);
	}
	t.is(seenIn(inspect([emulator.warnings, emulator.notices])), undefined);
});

const REQUESTS: readonly (readonly [action: string, body: object])[] = [
	[
		'CreateLoadBalancer',
		{
			...newLoadBalancer('x', [httpListener(81, 80)]),
			SecurityGroups: ['sg-12345678'],
			PublicIp: '192.0.2.1',
			LoadBalancerType: 'internal',
		},
	],
	['ReadLoadBalancers', {Filters: {LoadBalancerNames: ['web'], States: ['active']}}],
	[
		'UpdateLoadBalancer',
		{LoadBalancerName: 'web', LoadBalancerPort: 80, ServerCertificateId: 'orn', PolicyNames: ['p']},
	],
	[
		'UpdateLoadBalancer',
		{LoadBalancerName: 'web', AccessLog: {IsEnabled: true, OsuBucketName: 'b', OsuBucketPrefix: 'p'}},
	],
	['UpdateLoadBalancer', {LoadBalancerName: 'web', HealthCheck: {Protocol: 'HTTP', Path: '/', Port: 80}}],
	['DeleteLoadBalancer', {LoadBalancerName: 'none'}],
	['DeleteLoadBalancerListeners', {LoadBalancerName: 'web', LoadBalancerPorts: [99]}],
	['LinkLoadBalancerBackendMachines', {LoadBalancerName: 'web', BackendVmIds: ['i-1'], BackendIps: ['10.0.0.1']}],
	['ReadVmsHealth', {LoadBalancerName: 'web', BackendVmIds: ['i-00000001']}],
	[
		'CreateListenerRule',
		{
			Listener: {LoadBalancerName: 'web', LoadBalancerPort: 80},
			ListenerRule: {ListenerRuleName: 'r', Priority: 1, HostNamePattern: 'a', PathPattern: '/', Action: 'forward'},
			VmIds: ['i-00000001'],
		},
	],
	['CreateLoadBalancerPolicy', {LoadBalancerName: 'web', PolicyName: 'p', PolicyType: 'app', CookieName: 'c'}],
	['CreateLoadBalancerTags', {LoadBalancerNames: ['web'], Tags: [{Key: 'k'}]}],
	['CreateServerCertificate', {Name: 'c', Path: '/', Body: 'x', PrivateKey: 'y', Chain: 'z'}],
	['UpdateServerCertificate', {Name: 'c', NewName: 'd', NewPath: '/'}],
	['ReadVms', {Filters: {VmIds: ['i-1'], Tags: []}}],
	['ReadQuotas', {}],
];

test('a private key anywhere in a request of the OUTSCALE API is neither answered nor kept', async t => {
	const property = fc.asyncProperty(
		pem,
		fc.nat(),
		fc.constantFrom(...REQUESTS),
		async (secret, choice, [action, body]) => {
			const cloud = new InMemoryOutscaleApi();
			await cloud.ok('CreateLoadBalancer', newLoadBalancer('web'));
			const {answer, call} = await cloud.call(action, withSecret(body, secret, choice));
			return seenIn(answer.body + JSON.stringify(call)) === undefined;
		},
	);
	await t.notThrowsAsync(fc.assert(property, {numRuns: runs(400)}));
});

test('a private key anywhere in a request to the control port is neither answered nor kept', async t => {
	await using emulator = await startEmulator({config: CONFIG.loadBalancers && {}});
	await emulator.create({name: 'web', listeners: ['http:80'], backends: 1});
	const secret = `-----BEGIN PRIVATE KEY-----\n${LINES.join('\n')}\n-----END PRIVATE KEY-----\n`;
	const inUrl = encodeURIComponent(secret);
	const asked: readonly (readonly [method: string, target: string, body?: unknown])[] = [
		['POST', '/_lb/health', {loadBalancer: secret, backend: 'a', state: 'auto'}],
		['POST', '/_lb/health', {loadBalancer: 'web', backend: secret, state: 'auto'}],
		['POST', '/_lb/health', {loadBalancer: 'web', backend: 'a', state: secret}],
		['POST', '/_lb/health', {[secret]: 1}],
		['POST', '/_lb/vms', {id: secret, address: secret}],
		['POST', '/_lb/vms', {id: 'i-0000000a', address: `127.0.0.1:${secret}`}],
		['DELETE', '/_lb/vms', {id: secret}],
		['POST', '/_lb/reset', secret],
		['GET', `/_lb/${inUrl}`],
		['GET', `/_lb/state?${inUrl}`],
		['GET', `/${inUrl}`],
		['GET', `/api/v1/${inUrl}`],
		['POST', `/api/v1/${inUrl}`, {}],
		['POST', `/api/v1/${encodeURIComponent(inUrl)}`, {}],
		['POST', `/api/v1/${inUrl.replaceAll('%20', '+')}`, {}],
		['POST', '/api/v1/DeleteLoadBalancer', {LoadBalancerName: secret}],
	];

	let told = '';
	for (const [method, target, body] of asked) {
		const response = await fetch(`${emulator.endpoint}${target}`, {
			method,
			...(body === undefined ? {} : {body: JSON.stringify(body)}),
		});
		told += `${method} ${response.status} ${await response.text()}\n`;
	}
	for (const route of ['state', 'calls']) told += await (await fetch(`${emulator.endpoint}/_lb/${route}`)).text();

	t.is(seenIn(told + JSON.stringify(emulator.calls)), undefined, told);
});

const SECRETS = piecesOf(SECRET);

test('whatever is wrong with a configuration, its credentials are not repeated', async t => {
	const wrong = fc.oneof(
		// Another value or key somewhere, that of `credentials` included.
		fc
			.record({choice: fc.nat(), made: fc.constantFrom('', 'a b', ':', '-----')})
			.map(({choice, made}) => withSecret(CONFIG, made, choice)),
		// Credentials of another shape.
		fc
			.constantFrom<unknown>(
				SECRET,
				`AKID:${SECRET}`,
				[SECRET],
				{[`AKID:${SECRET}`]: null},
				{A: {B: SECRET}},
				{A: [SECRET]},
				{
					'': SECRET,
					'a b': SECRET,
				},
			)
			.map(credentials => ({...CONFIG, control: {...CONFIG.control, credentials}})),
		// In a wrong place, or under a name that is nearly right.
		fc
			.record({
				at: fc.constantFrom('account', 'backends', 'certificates', 'vms', 'loadBalancers', 'control'),
				name: fc.constantFrom('credentials', 'Credentials'),
				credentials: fc.constantFrom<unknown>({AKID: SECRET}, `AKID:${SECRET}`, [SECRET]),
			})
			.map(({at, name, credentials}) => ({...CONFIG, [at]: {[name]: credentials}})),
	);
	const property = fc.asyncProperty(wrong, fc.constantFrom(undefined, 1), async (config, indent) => {
		const told = await readConfigText(JSON.stringify(config, undefined, indent), 'lb.yaml').then(() => '', toldOf);
		const ofLibrary = await startEmulator({config: {...(config as Config), x: 1} as Config}).then(
			emulator => emulator.stop().then(() => ''),
			toldOf,
		);
		return seenIn(told + ofLibrary, SECRETS) === undefined;
	});
	await t.notThrowsAsync(fc.assert(property, {numRuns: runs(200)}));
});

const YAML = `# a comment
control:
  port: 8089
  credentials: {AKIDEXAMPLE: ${SECRET}}
  names: [lb.internal]
backends:
  app: {kind: echo}
loadBalancers:
  web:
    listeners: ["http:80"]
    backends: [app]
`;
const BLOCK = YAML.replace(`{AKIDEXAMPLE: ${SECRET}}`, `\n    AKIDEXAMPLE: ${SECRET}\n    other: "${SECRET}"`);

test('whatever character of a configuration file is another, its credentials are not repeated', async t => {
	const property = fc.asyncProperty(
		fc.constantFrom(YAML, BLOCK, JSON.stringify(CONFIG), JSON.stringify(CONFIG, undefined, 1)),
		fc.nat(),
		fc.constantFrom(
			'',
			'\n',
			'\t',
			' ',
			':',
			'"',
			"'",
			'{',
			'}',
			'[',
			'&',
			'*',
			'!',
			'%',
			'@',
			'|',
			'-',
			'#',
			'x',
			'\0',
		),
		fc.boolean(),
		async (text, choice, character, isInstead) => {
			const at = choice % text.length;
			// What stands at the secret itself makes another secret of it.
			const secretAt = text.indexOf(SECRET);
			if (at >= secretAt - 1 && at <= secretAt + SECRET.length) return true;
			const broken = text.slice(0, at) + character + text.slice(at + (isInstead ? 1 : 0));
			const told = await readConfigText(broken, 'lb.yaml').then(() => '', toldOf);
			return seenIn(told, SECRETS) === undefined;
		},
	);
	await t.notThrowsAsync(fc.assert(property, {numRuns: runs(1500)}));
});

test('credentials with the blank forgotten are told without the secret, and with their place', async t => {
	const text = `control:\n  credentials:\n    AKID:${SECRET}:\n    OTHER: 5\n`;

	const error = await t.throwsAsync(readConfigText(text, 'lb.yaml'), {code: 'CONFIG_INVALID'});

	t.is(
		error?.message,
		[
			'lb.yaml is not valid:',
			'lb.yaml:2:3: control.credentials["(hidden)"]: the value is missing; it is text',
			'lb.yaml:2:3: control.credentials["(hidden)"]: (hidden) is not an access key',
			'lb.yaml:4:12: control.credentials.OTHER: (hidden) is not text',
		].join('\n'),
	);
});

test('a secret key in the place of the access key is not repeated', async t => {
	const config = {control: {credentials: {AKIDEXAMPLE: SECRET}}};
	await using emulator = await startEmulator({config});
	const signed = `OSC4-HMAC-SHA256 Credential=${SECRET}/20260101/eu-west-2/api/osc4_request, SignedHeaders=host, Signature=${'0'.repeat(64)}`;
	const basic = `Basic ${Buffer.from(`${SECRET}:AKIDEXAMPLE`).toString('base64')}`;

	for (const Authorization of [signed, basic]) {
		const response = await fetch(`${emulator.endpoint}/api/v1/ReadVms`, {method: 'POST', headers: {Authorization}});
		const text = await response.text();
		t.is(response.status, 401);
		t.regex(text, /\(a secret key\)/);
		t.is(seenIn(text + JSON.stringify(emulator.calls), SECRETS), undefined);
	}
});

test('the command line repeats no private key and no credentials', async t => {
	const folder = await temporaryFolder(t);
	const secret = `-----BEGIN PRIVATE KEY-----\n${LINES.join('\n')}\n-----END PRIVATE KEY-----\n`;
	await writeFile(path.join(folder, 'key.yaml'), secret);
	await writeFile(path.join(folder, 'wrong.yaml'), YAML.replace('kind: echo', 'kind: ecko'));
	await writeFile(path.join(folder, 'broken.yaml'), YAML.replace(`${SECRET}}`, SECRET));
	const commands = [
		['up', secret],
		['check', 'key.yaml'],
		['check', 'wrong.yaml'],
		['up', 'broken.yaml'],
		['cert', secret],
		['set', 'health', secret, 'auto'],
		['up', `--${secret}`],
	];

	for (const args of commands) {
		const {code, stdout, stderr} = await runCli(args, {folder, env: {DEBUG: 'lb-local'}});
		t.not(code, 0, args.join(' '));
		t.regex(stderr, /error:/);
		t.is(seenIn(stdout + stderr, [...PIECES, ...SECRETS]), undefined, stderr);
	}
});
