import test from 'ava';
import {InMemoryOutscaleApi} from '../../helpers/in-memory-outscale.ts';
import {pem} from '../../helpers/project-certs.ts';

const WEB = {
	LoadBalancerName: 'web',
	Listeners: [{BackendPort: 8080, LoadBalancerPort: 80, LoadBalancerProtocol: 'HTTP'}],
	SubregionNames: ['eu-west-2a'],
};

test('a path is an action of this API when all that stands before it is its prefix', t => {
	const {dialect} = new InMemoryOutscaleApi();
	const mine = [
		'/api/v1/ReadVms',
		'/api/latest/ReadVms',
		'//api/latest/ReadVms',
		'/api/v1/api/v1/ReadVms',
		'/api/v1//api/latest///ReadVms/',
		'/ReadVms',
		'/api/v1/ReadVms?x=y',
		'/api/v1/no-such_action',
		'/api/v1/__proto__',
		'/api',
		'/api/',
		'/api/v1',
		'/api/v1/',
		'/api/v2/ReadVms',
		'/api/v1/../../etc/passwd',
	];
	const others = ['/', '', '/_lb/state', '/x/ReadVms', '/favicon.ico', '/apis/ReadVms'];

	t.deepEqual(
		mine.filter(path => !dialect.claims('POST', path)),
		[],
	);
	t.deepEqual(
		others.filter(path => dialect.claims('POST', path)),
		[],
	);
});

for (const [path, details] of Object.entries({
	'/api': 'the path names no action; the API is called with POST /api/v1/<Action>',
	'//api//latest/': 'the path names no action; the API is called with POST /api/v1/<Action>',
	'/api/v2/ReadVms': '"api/v2/ReadVms" is not an action of the API; the API is called with POST /api/v1/<Action>',
	'/api/ReadVms': '"api/ReadVms" is not an action of the API; the API is called with POST /api/v1/<Action>',
	'/api/v1/../../etc/passwd':
		'"../../etc/passwd" is not an action of the API; the API is called with POST /api/v1/<Action>',
	'/api/v1/ReadVms%00': '"ReadVms%00" is not an action of the API; did you mean "ReadVms"?',
	[`/api/v1/${'a'.repeat(12_000)}`]: `"${'a'.repeat(60)}…" is not an action of the API`,
	[`/${'api/v1/'.repeat(2000)}`]: 'the path names no action; the API is called with POST /api/v1/<Action>',
})) {
	test(`no action is at ${path.slice(0, 30)}`, async t => {
		const {dialect} = new InMemoryOutscaleApi();

		const {answer, call} = await dialect.answer({method: 'POST', path, headers: new Map(), body: new Uint8Array()});

		t.is(answer.status, 404);
		t.deepEqual(JSON.parse(answer.body).Errors, [{Code: '12000', Details: details, Type: 'InvalidAction'}]);
		t.true(call.action.length <= 255);
	});
}

for (const [strict, name, isTaken] of [
	[false, 'BUCKET', true],
	[false, 'my_logs', true],
	[false, 'b', true],
	[false, '..', false],
	[false, 'a/b', false],
	[false, 'a\\b', false],
	[false, '', true],
	[true, 'bucket', true],
	[true, 'BUCKET', false],
] as const) {
	test(`${isTaken ? 'taken' : 'refused'}: an access log into ${JSON.stringify(name)}${strict ? ', strict' : ''}`, async t => {
		const api = new InMemoryOutscaleApi({strict});
		await api.ok('CreateLoadBalancer', WEB);

		const AccessLog = {IsEnabled: name !== '', OsuBucketName: name};
		const refusal = await api.refusal('UpdateLoadBalancer', {LoadBalancerName: 'web', AccessLog});

		t.regex(refusal, isTaken ? /^200$/ : /^400 4088: ".*" is not a bucket's name; allowed are /);
	});
}

test('the double slash of osc-cli and an empty body are answered as what they mean', async t => {
	const {dialect} = new InMemoryOutscaleApi();
	const request = {
		method: 'POST',
		path: '//api/latest/ReadLoadBalancers',
		headers: new Map(),
		body: new Uint8Array(),
	};

	const {answer, call} = await dialect.answer(request);

	t.is(answer.status, 200);
	t.regex(answer.body, /^\{"LoadBalancers":\[\],"ResponseContext":\{"RequestId":"[0-9a-f-]{36}"\}\}$/);
	t.deepEqual(call, {action: 'ReadLoadBalancers', api: 'oapi', status: 200, unread: []});
});

test('another method than POST is told which one to use', async t => {
	const {dialect} = new InMemoryOutscaleApi();
	const request = {method: 'GET', path: '/api/v1/ReadVms', headers: new Map(), body: new Uint8Array()};

	const {answer, call} = await dialect.answer(request);

	t.is(answer.status, 405);
	t.deepEqual(answer.headers, [
		['Content-Type', 'application/json'],
		['Allow', 'POST'],
	]);
	t.is(call.status, 405);
	t.like(JSON.parse(answer.body).Errors[0], {
		Code: '12000',
		Type: 'InvalidAction',
		Details: '"GET" is not how the API is called; use POST',
	});
});

test('actions that do not exist, and those of the rest of the cloud, are told apart', async t => {
	const api = new InMemoryOutscaleApi();
	const elsewhere = 'lb-local emulates the load balancer part of the API, and';

	t.is(await api.refusal('CreateVms'), `404 12000: ${elsewhere} "CreateVms" is not in it`);
	t.is(await api.refusal('ReadQuotas'), `404 12000: ${elsewhere} "ReadQuotas" is not in it`);
	t.is(
		await api.refusal('ReadLoadBalancer'),
		'404 12000: "ReadLoadBalancer" is not an action of the API; did you mean "ReadLoadBalancers"?',
	);
	t.is(await api.refusal('toString'), '404 12000: "toString" is not an action of the API');
	t.is(await api.refusal('constructor'), '404 12000: "constructor" is not an action of the API');
});

test('whoever is not let in gets the 401 of the cloud, before anything is read', async t => {
	const api = new InMemoryOutscaleApi({
		authenticate: () => ({code: 'SIGNATURE_MISMATCH', reason: 'the signature does not match'}),
	});

	t.is(await api.refusal('CreateLoadBalancer', 'no JSON'), '401 1: the signature does not match');
	const {answer, call} = await api.call('NoSuchAction');
	t.is(JSON.parse(answer.body).Errors[0].Type, 'AccessDenied');
	t.deepEqual(call.error, {code: '1', details: 'the signature does not match'});
});

test('of several faults the first in a fixed order is answered', async t => {
	const api = new InMemoryOutscaleApi();
	const all = {LoadBalancerName: 5, Listeners: [{LoadBalancerPort: 0, BackendPort: 80, LoadBalancerProtocol: 'x'}]};

	t.is(await api.refusal('CreateLoadBalancer', {...all, Bla: 1}), '400 3001: unknown parameter "Bla"');
	t.regex(await api.refusal('CreateLoadBalancer', {...all, Listeners: [{}]}), /^400 7000: .*LoadBalancerPort/);
	t.regex(await api.refusal('CreateLoadBalancer', all), /^400 4110: LoadBalancerName/);
	t.regex(
		await api.refusal('CreateLoadBalancer', {...all, LoadBalancerName: 'a'}),
		/^400 4095: .*LoadBalancerProtocol/,
	);
});

test('fields that have no effect are told to the call log', async t => {
	const api = new InMemoryOutscaleApi();
	await api.ok('CreateLoadBalancer', WEB);

	const inNet = await api.call('CreateLoadBalancer', {
		...WEB,
		LoadBalancerName: 'in-net',
		SubregionNames: undefined,
		Subnets: ['subnet-12345678'],
		SecurityGroups: ['sg-12345678'],
	});
	const log = await api.call('UpdateLoadBalancer', {
		LoadBalancerName: 'web',
		AccessLog: {IsEnabled: true, OsuBucketName: 'logs'},
	});
	const vms = await api.call('ReadVms', {Filters: {VmIds: [], TagKeys: ['a']}, ResultsPerPage: 5});

	t.deepEqual(inNet.call.unread, ['SecurityGroups']);
	t.deepEqual(log.call.unread, ['AccessLog']);
	t.deepEqual(vms.call.unread, ['Filters.TagKeys', 'ResultsPerPage']);
});

test('a dry run judges everything and changes nothing', async t => {
	const api = new InMemoryOutscaleApi();
	const {answer} = await api.call('CreateLoadBalancer', {...WEB, DryRun: true});

	t.regex(answer.body, /^\{"ResponseContext":\{"RequestId":"[0-9a-f-]{36}"\}\}$/);
	t.is(api.store.account.loadBalancers.size, 0);
	t.deepEqual(api.store.calls, []);
	t.is((await api.refusal('DeleteLoadBalancer', {LoadBalancerName: 'web', DryRun: true})).slice(0, 8), '400 5030');
});

test('a bug of the data plane is a 500 without a stack, and the log says what it was', async t => {
	const api = new InMemoryOutscaleApi();
	api.store.failures.set('web', new TypeError('x is not a function'));

	const {answer, call} = await api.call('CreateLoadBalancer', WEB);

	t.is(answer.status, 500);
	t.false(answer.body.includes('x is not a function'));
	t.is(call.error?.details, 'x is not a function');
	t.is(api.store.account.loadBalancers.size, 0);
});

test('a certificate keeps its listeners when it is renamed, and shows what it was made of to nobody', async t => {
	const api = new InMemoryOutscaleApi();
	const answers = [];
	const upload = {Name: 'web', Body: pem('rsa.web.test.crt'), PrivateKey: pem('rsa.web.test.key')};
	answers.push(await api.ok('CreateServerCertificate', upload));
	const orn = answers[0]?.['ServerCertificate'].Orn;
	const Listeners = [
		{
			BackendPort: 80,
			BackendProtocol: 'HTTP',
			LoadBalancerPort: 443,
			LoadBalancerProtocol: 'HTTPS',
			ServerCertificateId: orn,
		},
	];
	await api.ok('CreateLoadBalancer', {...WEB, Listeners});
	const applied = api.store.running.get('web')?.listeners[0]?.certificate;
	const calls = api.store.calls.length;

	answers.push(await api.ok('UpdateServerCertificate', {Name: 'web', NewName: 'moved', NewPath: '/a/'}));
	answers.push(await api.ok('ReadServerCertificates'));
	const [shown] = (await api.ok('ReadLoadBalancers'))['LoadBalancers'];

	t.is(shown.Listeners[0].ServerCertificateId, 'orn:ows:idauth::123456789012:server-certificate/a/moved');
	t.is(api.store.calls.length, calls, 'nothing that runs has changed');
	t.is(applied?.kind === 'pem' ? applied.pair.key.trim() : '', pem('rsa.web.test.key').trim());
	t.notRegex(JSON.stringify(answers), /BEGIN|PRIVATE/);
});

test('a chain that parses is taken, and only what belongs to the leaf is shown to clients', async t => {
	const api = new InMemoryOutscaleApi();
	const upload = {Body: pem('web.test.crt'), PrivateKey: pem('web.test.key')};
	await api.ok('CreateServerCertificate', {...upload, Name: 'leaf', Chain: pem('web.test.crt')});
	await api.ok('CreateServerCertificate', {...upload, Name: 'stranger', Chain: pem('shop.test.crt')});

	const [leaf, stranger] = [...api.store.account.certificates.values()];

	t.is(leaf?.pair.chain, undefined);
	t.is(stranger?.pair.chain, undefined);
	t.is(stranger?.chain, pem('shop.test.crt'));
	t.true(stranger?.warnings.some(warning => warning.endsWith('the chain is not sent')));
});

test('the order of keys is the alphabet, at every depth', async t => {
	const api = new InMemoryOutscaleApi();
	const {answer} = await api.call('CreateLoadBalancer', {...WEB, Tags: [{Value: 'v', Key: 'k'}]});

	const isSorted = (value: unknown): boolean => {
		if (Array.isArray(value)) return value.every(isSorted);
		if (typeof value !== 'object' || value === null) return true;
		const keys = Object.keys(value);
		return keys.join() === keys.toSorted().join() && Object.values(value).every(isSorted);
	};
	t.true(isSorted(JSON.parse(answer.body)));
	t.notRegex(answer.body, /\s/);
});
