import {once} from 'node:events';
import {createServer, type Socket} from 'node:net';
import test, {type ExecutionContext} from 'ava';
import {type LoadBalancer, startEmulator} from '../../src/index.ts';
import {awsClients} from '../helpers/aws-clients.ts';
import type {Answered} from '../helpers/outscale-api.ts';
import {type Call, fetchSigned} from '../helpers/outscale-clients.ts';
import {listening} from '../helpers/own-servers.ts';
import {within} from '../helpers/patience.ts';

const KEYS = {accessKey: 'AKIDEXAMPLE000000000', secretKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY'};
const VM = 'i-0000000a';
const NAME = 'k8s-service';
const LB = {LoadBalancerName: NAME};
const POLICY = 'k8s-proxyprotocol-enabled';
const BACKEND_PORT = 31_080;

/** What a Service asks for, by its annotations. */
interface Wanted {
	readonly proxyProtocol: boolean;
	readonly idleTimeout: number;
	readonly draining: {readonly Enabled: boolean; readonly Timeout?: number};
	readonly accessLog: {readonly Enabled: boolean; readonly EmitInterval?: number; readonly S3BucketName?: string};
}

/** Both APIs, and what was asked of them. */
interface Apis {
	readonly oapi: Call;
	readonly lbu: (action: string, parameters?: object) => Promise<Answered>;
}

/**
 * The calls of OUTSCALE's cloud controller for Kubernetes, in their order: it reads, compares and changes, in the OUTSCALE
 * API what that has, and in the ELB API the rest.
 *
 * @see outscale/cloud-provider-osc, ccm/cloud/loadbalancer_lbu.go
 */
async function reconcile({oapi, lbu}: Apis, wanted: Wanted): Promise<void> {
	const {LoadBalancers: found} = await oapi('ReadLoadBalancers', {Filters: {LoadBalancerNames: [NAME]}});
	if (found.length === 0) {
		await oapi('CreateLoadBalancer', {
			...LB,
			Listeners: [
				{
					...{LoadBalancerPort: 80, LoadBalancerProtocol: 'TCP'},
					...{BackendPort: BACKEND_PORT, BackendProtocol: 'TCP'},
				},
			],
			LoadBalancerType: 'internet-facing',
			SubregionNames: ['eu-west-2a'],
			Tags: [{Key: 'OscK8sClusterID/test', Value: 'owned'}],
		});
	}
	const {LoadBalancerDescriptions: described} = await lbu('DescribeLoadBalancers', {LoadBalancerNames: [NAME]});
	const listeners: Answered[] = described[0].ListenerDescriptions;
	const isSet = listeners.some(({PolicyNames}) => PolicyNames.includes(POLICY));
	if (wanted.proxyProtocol !== isSet) await setProxyProtocol({lbu}, wanted.proxyProtocol);
	await setAttributes({lbu}, wanted);
	const HealthCheck = {
		...{Protocol: 'TCP', Port: BACKEND_PORT, CheckInterval: 5, Timeout: 2},
		...{HealthyThreshold: 2, UnhealthyThreshold: 2},
	};
	if (JSON.stringify(found[0]?.HealthCheck) !== JSON.stringify(sorted(HealthCheck))) {
		await oapi('UpdateLoadBalancer', {...LB, HealthCheck});
	}
	if (found[0]?.BackendVmIds.includes(VM) !== true) {
		await oapi('RegisterVmsInLoadBalancer', {...LB, BackendVmIds: [VM]});
	}
}

async function setProxyProtocol({lbu}: Pick<Apis, 'lbu'>, isWanted: boolean): Promise<void> {
	if (isWanted) {
		try {
			await lbu('CreateLoadBalancerPolicy', {
				...{...LB, PolicyName: POLICY, PolicyTypeName: 'ProxyProtocolPolicyType'},
				PolicyAttributes: [{AttributeName: 'ProxyProtocol', AttributeValue: 'true'}],
			});
		} catch (error) {
			// It takes one that is there for its own.
			if (!/^DuplicatePolicyName/.test(error instanceof Error ? error.message : '')) throw error;
		}
	}
	const PolicyNames = isWanted ? [POLICY] : [];
	await lbu('SetLoadBalancerPoliciesForBackendServer', {...LB, InstancePort: BACKEND_PORT, PolicyNames});
}

async function setAttributes({lbu}: Pick<Apis, 'lbu'>, {accessLog, draining, idleTimeout}: Wanted): Promise<void> {
	const {LoadBalancerAttributes: read} = await lbu('DescribeLoadBalancerAttributes', LB);
	const isSameLog = Object.entries(accessLog).every(([key, value]) => read.AccessLog[key] === value);
	if (!isSameLog) await lbu('ModifyLoadBalancerAttributes', {...LB, LoadBalancerAttributes: {AccessLog: accessLog}});
	const isSame =
		read.ConnectionSettings.IdleTimeout === idleTimeout &&
		read.ConnectionDraining.Enabled === draining.Enabled &&
		(!draining.Enabled || read.ConnectionDraining.Timeout === draining.Timeout);
	if (isSame) return;
	const LoadBalancerAttributes = {ConnectionDraining: draining, ConnectionSettings: {IdleTimeout: idleTimeout}};
	await lbu('ModifyLoadBalancerAttributes', {...LB, LoadBalancerAttributes});
}

function sorted(value: object): object {
	return Object.fromEntries(Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1)));
}

for (const client of awsClients().filter(({isSlow}) => !isSlow)) {
	const title = `OUTSCALE's Kubernetes controller converges, with its calls of the ELB API through ${client.name}`;
	const converge = async (t: ExecutionContext) => {
		const server = createServer(socket => answer(socket));
		const vmPort = await listening(t, server);
		const emulator = await startEmulator({
			port: 0,
			config: {
				control: {credentials: {[KEYS.accessKey]: KEYS.secretKey}, accessLogs: './logs'},
				backends: {vm: {host: '127.0.0.1', port: vmPort}},
				vms: {[VM]: 'vm'},
			},
		});
		t.teardown(() => emulator.stop());
		const target = {endpoint: emulator.endpoint, ...KEYS};
		const {call} = await client.start(t, target);
		const apis: Apis = {
			oapi: fetchSigned(target),
			lbu: (action, parameters) => call('elb', action, parameters),
		};
		const wanted: Wanted = {
			proxyProtocol: true,
			idleTimeout: 65,
			draining: {Enabled: true, Timeout: 30},
			accessLog: {Enabled: false},
		};
		const changes = () => emulator.calls.filter(({action}) => !/^(?:Read|Describe)/.test(action)).length;

		await reconcile(apis, wanted);
		await emulator.get(NAME).settle();
		const after = changes();
		t.true(after > 0);
		t.regex(await firstLine(emulator.get(NAME)), /^PROXY TCP4 127\.0\.0\.1 127\.0\.0\.1 \d+ 80$/);

		for (let again = 0; again < 2; again++) await reconcile(apis, wanted);
		t.is(changes(), after, 'what is as it is wanted is not changed again');

		const without: Wanted = {...wanted, proxyProtocol: false, idleTimeout: 60, draining: {Enabled: false}};
		await reconcile(apis, without);
		const afterwards = changes();
		t.true(afterwards > after);
		t.is(await firstLine(emulator.get(NAME)), 'hello');
		await reconcile(apis, without);
		t.is(changes(), afterwards);
		await reconcile(apis, wanted);
		t.regex(await firstLine(emulator.get(NAME)), /^PROXY TCP4 /);
	};
	if (client.missing === undefined) test(title, converge);
	else test.skip(`${title}: ${client.missing}`, converge);
}

/** A VM that answers with the first line that it gets. */
function answer(socket: Socket): void {
	let got = '';
	socket.on('error', () => socket.destroy());
	socket.on('data', chunk => {
		got += chunk;
		const end = got.indexOf('\r\n');
		if (end !== -1) socket.end(got.slice(0, end));
	});
}

async function firstLine(lb: LoadBalancer): Promise<string> {
	const client = await lb.connect(80);
	client.write('hello\r\n');
	const chunks: Buffer[] = [];
	client.on('data', chunk => chunks.push(chunk));
	await within('the end', once(client, 'end'));
	client.end();
	return Buffer.concat(chunks).toString();
}
