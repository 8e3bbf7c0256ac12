import test, {type ExecutionContext} from 'ava';
import {type Emulator, startEmulator} from '../../src/index.ts';
import {startVm, type Upload, upload, type Vm} from '../helpers/journey-vms.ts';
import {type Call, type OutscaleClient, outscaleClients} from '../helpers/outscale-clients.ts';
import {sample} from '../helpers/pem-samples.ts';
import {refusalAt} from '../helpers/ports.ts';
import {type Asked, getOverTls, sayOverTls} from '../helpers/tls-clients.ts';

const KEYS = {accessKey: 'AKIDEXAMPLE000000000', secretKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY'};
const [FIRST, SECOND] = ['i-0000000a', 'i-0000000b'];
const WEB = {LoadBalancerName: 'web'};

const root = sample({name: 'root', ca: true});
const made = {old: upload('web.test', root), fresh: upload('web.test', root)};

for (const client of await outscaleClients()) {
	const title = `the whole life of a load balancer, through ${client.name}`;
	if (client.missing === undefined) test(title, t => live(t, client));
	else test.skip(`${title}: ${client.missing}`, t => live(t, client));
}

/** Everything a user does with the API, in the order of a life, each step seen in the traffic. */
async function live(t: ExecutionContext, client: OutscaleClient): Promise<void> {
	const [first, second] = [await startVm(t, 'first'), await startVm(t, 'second')];
	const emulator = await startEmulator({
		port: 0,
		config: {
			control: {credentials: {[KEYS.accessKey]: KEYS.secretKey}},
			backends: {first: {host: '127.0.0.1', ports: first.ports}, second: {host: '127.0.0.1', ports: second.ports}},
			vms: {[FIRST]: 'first', [SECOND]: 'second'},
		},
	});
	t.teardown(() => emulator.stop());
	const {endpoint} = emulator;
	const call = await client.start(t, {endpoint, ...KEYS});

	const certificates = await uploadCertificates(t, call);
	await createLoadBalancer(t, call, certificates.old.orn);
	const ports = await boundPorts(endpoint, 'web');
	t.deepEqual([...ports.keys()], [443, 6379, 8443]);
	await linkVms(t, call);

	const web: Asked = {port: ports.get(443) ?? 0, ca: root.cert, name: 'web.test'};
	await trafficFlows(t, web, ports, {old: certificates.old, first});
	await staysWithCookie(t, call, web);
	await ruleSendsElsewhere(t, call, web);
	await tags(t, call);
	await swapsUnderLoad(t, call, web, certificates);
	await throughAddress(t, call, endpoint, first);
	await leaves(t, call, emulator, [...ports.values()]);
}

interface Uploaded extends Upload {
	readonly orn: string;
}

async function uploadCertificates(t: ExecutionContext, call: Call): Promise<{old: Uploaded; fresh: Uploaded}> {
	const one = async (name: 'old' | 'fresh'): Promise<Uploaded> => {
		const {Body, PrivateKey, Chain} = made[name];
		const answer = await call('CreateServerCertificate', {Name: name, Body, PrivateKey, Chain});
		t.notRegex(JSON.stringify(answer), /PRIVATE KEY/);
		return {...made[name], orn: answer['ServerCertificate'].Orn};
	};
	const both = {old: await one('old'), fresh: await one('fresh')};
	const {ServerCertificates: read} = await call('ReadServerCertificates');
	t.deepEqual(
		read.map(({Orn}: {Orn: string}) => Orn),
		[both.old.orn, both.fresh.orn],
	);
	t.notRegex(JSON.stringify(read), /PRIVATE KEY/);
	return both;
}

async function createLoadBalancer(t: ExecutionContext, call: Call, orn: string): Promise<void> {
	const {LoadBalancer: created} = await call('CreateLoadBalancer', {
		...WEB,
		SubregionNames: ['eu-west-2a'],
		Listeners: [
			{
				...{LoadBalancerPort: 443, LoadBalancerProtocol: 'HTTPS', ServerCertificateId: orn},
				...{BackendPort: 80, BackendProtocol: 'HTTP'},
			},
			{
				...{LoadBalancerPort: 6379, LoadBalancerProtocol: 'SSL', ServerCertificateId: orn},
				...{BackendPort: 6380, BackendProtocol: 'TCP'},
			},
			{LoadBalancerPort: 8443, LoadBalancerProtocol: 'TCP', BackendPort: 443, BackendProtocol: 'TCP'},
		],
	});
	t.regex(created.DnsName, /^web-\d{9}\.eu-west-2\.lbu\.outscale\.com$/);
	const HealthCheck = {
		...{CheckInterval: 5, Timeout: 2, HealthyThreshold: 2, UnhealthyThreshold: 2},
		...{Protocol: 'HTTP', Port: 80, Path: '/health'},
	};
	const {LoadBalancer: updated} = await call('UpdateLoadBalancer', {...WEB, HealthCheck});
	t.deepEqual(updated.HealthCheck, HealthCheck);
}

async function linkVms(t: ExecutionContext, call: Call): Promise<void> {
	await call('LinkLoadBalancerBackendMachines', {...WEB, BackendVmIds: [FIRST, SECOND]});
	const health = async () => (await call('ReadVmsHealth', WEB))['BackendVmHealth'];
	let seen = await health();
	for (let attempt = 0; attempt < 200 && JSON.stringify(seen).includes('DOWN'); attempt++) seen = await health();
	t.deepEqual(seen, [
		{State: 'UP', VmId: FIRST},
		{State: 'UP', VmId: SECOND},
	]);
}

async function trafficFlows(
	t: ExecutionContext,
	web: Asked,
	ports: ReadonlyMap<number, number>,
	{old, first}: {readonly old: Uploaded; readonly first: Vm},
): Promise<void> {
	const answers = [await getOverTls(web, '/a'), await getOverTls(web, '/b')];
	t.deepEqual(answers.map(({body}) => body).sort(), ['first https /a', 'second https /b']);
	t.deepEqual(new Set(answers.map(({fingerprint}) => fingerprint)), new Set([old.fingerprint]));

	const terminated = await sayOverTls({...web, port: ports.get(6379) ?? 0}, 'hello');
	t.regex(terminated.heard, /^(first|second) hello$/);
	t.is(terminated.fingerprint, old.fingerprint);

	const passed = await sayOverTls({name: 'first.test', port: ports.get(8443) ?? 0}, 'hello');
	t.is(passed.heard, 'first hello');
	t.is(passed.fingerprint, first.fingerprint, 'the certificate is the one of the VM');
}

async function staysWithCookie(t: ExecutionContext, call: Call, web: Asked): Promise<void> {
	const policy = {PolicyName: 'sticky', CookieExpirationPeriod: 300};
	const created = await call('CreateLoadBalancerPolicy', {...WEB, ...policy, PolicyType: 'load_balancer'});
	t.deepEqual(created['LoadBalancer'].LoadBalancerStickyCookiePolicies, [policy]);
	t.deepEqual((await getOverTls(web, '/')).cookies, [], 'created is not enabled');
	await call('UpdateLoadBalancer', {...WEB, LoadBalancerPort: 443, PolicyNames: ['sticky']});

	const {body, cookies} = await getOverTls(web, '/');

	t.regex(cookies[0] ?? '', /^AWSELB=.+Max-Age=300/i);
	const cookie = (cookies[0] ?? '').split(';', 1)[0] ?? '';
	for (let i = 0; i < 3; i++) t.is((await getOverTls(web, '/', {Cookie: cookie})).body, body);
	await call('UpdateLoadBalancer', {...WEB, LoadBalancerPort: 443, PolicyNames: []});
	t.deepEqual((await getOverTls(web, '/')).cookies, []);
	await call('DeleteLoadBalancerPolicy', {...WEB, PolicyName: 'sticky'});
}

async function ruleSendsElsewhere(t: ExecutionContext, call: Call, web: Asked): Promise<void> {
	await call('CreateListenerRule', {
		Listener: {...WEB, LoadBalancerPort: 443},
		ListenerRule: {ListenerRuleName: 'docs', Priority: 100, PathPattern: '/docs/*'},
		VmIds: [SECOND],
	});
	const three = async (path: string) => {
		const bodies = [];
		for (let i = 0; i < 3; i++) bodies.push((await getOverTls(web, path)).body);
		return new Set(bodies);
	};

	t.deepEqual(await three('/docs/a'), new Set(['second https /docs/a']));
	t.is((await three('/doc')).size, 2, 'what the rule does not name is spread');
	await call('UpdateListenerRule', {ListenerRuleName: 'docs', PathPattern: '/help/*'});
	t.deepEqual(await three('/help/a'), new Set(['second https /help/a']));
	t.is((await three('/docs/a')).size, 2);
	await call('DeleteListenerRule', {ListenerRuleName: 'docs'});
	t.is((await three('/help/a')).size, 2);
}

async function tags(t: ExecutionContext, call: Call): Promise<void> {
	const names = {LoadBalancerNames: ['web']};
	await call('CreateLoadBalancerTags', {...names, Tags: [{Key: 'project', Value: 'a'}]});
	const read = await call('ReadLoadBalancerTags', names);
	t.deepEqual(read['Tags'], [{Key: 'project', LoadBalancerName: 'web', Value: 'a'}]);
	await call('DeleteLoadBalancerTags', {...names, Tags: [{Key: 'project'}]});
	t.deepEqual((await call('ReadLoadBalancerTags', names))['Tags'], []);
}

/** New handshakes all the time, while the certificate is swapped: none fails, and each shows one or the other. */
async function swapsUnderLoad(
	t: ExecutionContext,
	call: Call,
	web: Asked,
	{old, fresh}: {readonly old: Uploaded; readonly fresh: Uploaded},
): Promise<void> {
	const shown: string[] = [];
	let done = false;
	const load = Array.from({length: 4}, async () => {
		while (!done) {
			const {status, fingerprint} = await getOverTls(web, '/load');
			if (status !== 200) throw new Error(`answered ${status}`);
			shown.push(fingerprint);
		}
	});
	while (shown.length < 8) await getOverTls(web, '/');

	await call('UpdateLoadBalancer', {...WEB, LoadBalancerPort: 443, ServerCertificateId: fresh.orn});
	t.is((await getOverTls(web, '/')).fingerprint, fresh.fingerprint);
	while (shown.at(-1) !== fresh.fingerprint) await getOverTls(web, '/');
	done = true;
	await Promise.all(load);

	t.is(shown[0], old.fingerprint);
	t.deepEqual(new Set(shown), new Set([old.fingerprint, fresh.fingerprint]));
	const late = shown.slice(shown.indexOf(fresh.fingerprint)).filter(each => each === old.fingerprint);
	t.true(late.length < load.length, 'the old one is gone but for the handshakes under way');
}

/** A back-end by its address: the listener's back-end port is dialled there as it is. */
async function throughAddress(t: ExecutionContext, call: Call, endpoint: string, vm: Vm): Promise<void> {
	const plain = {LoadBalancerName: 'plain'};
	await call('CreateLoadBalancer', {
		...plain,
		SubregionNames: ['eu-west-2a'],
		Listeners: [{LoadBalancerPort: 80, LoadBalancerProtocol: 'HTTP', BackendPort: vm.ports[80]}],
	});
	await call('LinkLoadBalancerBackendMachines', {...plain, BackendIps: ['127.0.0.1']});
	const {LoadBalancers: [shown] = []} = await call('ReadLoadBalancers', {Filters: {LoadBalancerNames: ['plain']}});
	t.deepEqual([shown.BackendIps, shown.BackendVmIds], [['127.0.0.1'], []]);
	const port = (await boundPorts(endpoint, 'plain')).get(80);
	const ask = () => fetch(`http://127.0.0.1:${port}/by-address`);

	let answer = await ask();
	for (let attempt = 0; attempt < 200 && answer.status === 503; attempt++) answer = await ask();

	t.is(await answer.text(), 'first http /by-address');
	await call('UnlinkLoadBalancerBackendMachines', {...plain, BackendIps: ['127.0.0.1']});
	t.is((await ask()).status, 503);
	await call('DeleteLoadBalancer', plain);
}

/** The end: the ports are free, the certificates can go, and nothing is left. */
async function leaves(t: ExecutionContext, call: Call, emulator: Emulator, ports: readonly number[]): Promise<void> {
	await call('UnlinkLoadBalancerBackendMachines', {...WEB, BackendVmIds: [FIRST]});
	const {LoadBalancer: deleted} = await call('DeleteLoadBalancer', WEB);
	t.is(deleted.State, 'deleting');
	t.deepEqual((await call('ReadLoadBalancers'))['LoadBalancers'], []);
	t.deepEqual(
		await Promise.all(ports.map(refusalAt)),
		ports.map(() => 'ECONNREFUSED'),
	);
	for (const Name of ['old', 'fresh']) await call('DeleteServerCertificate', {Name});
	t.deepEqual((await call('ReadServerCertificates'))['ServerCertificates'], []);
	t.deepEqual(
		emulator.calls.flatMap(({action, unread}) => (unread.length > 0 ? [action] : [])),
		[],
		'every field had its effect',
	);
}

/** Where each listener is bound, by the port that the cloud knows. */
async function boundPorts(endpoint: string, name: string): Promise<ReadonlyMap<number, number>> {
	const {loadBalancers} = JSON.parse(await (await fetch(`${endpoint}/_lb/state`)).text());
	const found = loadBalancers.find((each: {name: string}) => each.name === name);
	return new Map(found.listeners.map(({port, boundPort}: {port: number; boundPort: number}) => [port, boundPort]));
}
