import {X509Certificate} from 'node:crypto';
import test, {type ExecutionContext} from 'ava';
import {codeOf} from '../../src/base/errors.ts';
import {spkiOf} from '../../src/certificates/public-key.ts';
import {startWithApi} from '../helpers/emulator-scene.ts';
import {formOf, type Parameters} from '../helpers/in-memory-aws.ts';
import {pem} from '../helpers/project-certs.ts';
import {dated, startRawBackend} from '../helpers/raw-backend.ts';
import {open, type RawConnection} from '../helpers/raw-connection.ts';
import {authority, serverPair} from '../helpers/stream-pairs.ts';

const WEB = {LoadBalancerName: 'web'};
const VM = 'i-0000000a';
const GET = 'GET / HTTP/1.1\r\nHost: web.test\r\n\r\n';
const OK = dated('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');

/** Calls of the ELB API at the control port that must succeed. */
function elbAt({endpoint}: {readonly endpoint: string}) {
	return async (action: string, parameters: Parameters) => {
		const response = await fetch(endpoint, {
			method: 'POST',
			headers: {'Content-Type': 'application/x-www-form-urlencoded'},
			body: formOf(action, {...WEB, ...parameters}),
		});
		const text = await response.text();
		if (response.status !== 200) throw new Error(`${action}: ${response.status} ${text}`);
	};
}

/** `web` with an HTTPS listener to one VM, whose port 8443 speaks TLS and whose port 8080 does not. */
async function start(t: ExecutionContext) {
	const backend = await startRawBackend({tls: serverPair});
	t.teardown(() => backend[Symbol.asyncDispose]());
	// It answers whatever line a connection begins with.
	const answer = async (connection: RawConnection) => {
		await connection.until('\r\n\r\n');
		await connection.writeAll(OK);
	};
	const plain = await startRawBackend({scripts: Array.from({length: 4}, () => answer)});
	t.teardown(() => plain[Symbol.asyncDispose]());
	const {emulator, api} = await startWithApi(t, {
		config: {
			backends: {a: {host: '127.0.0.1', ports: {8443: backend.port, 8080: plain.port}}},
			vms: {[VM]: 'a'},
		},
	});
	const call = elbAt(emulator);
	const {ServerCertificate: certificate} = await api.ok('CreateServerCertificate', {
		Name: 'site',
		Body: pem('rsa.web.test.crt'),
		PrivateKey: pem('rsa.web.test.key'),
	});
	await call('CreateLoadBalancer', {
		'AvailabilityZones.member.1': 'eu-west-2a',
		'Listeners.member.1.Protocol': 'HTTPS',
		'Listeners.member.1.LoadBalancerPort': 443,
		'Listeners.member.1.InstanceProtocol': 'HTTPS',
		'Listeners.member.1.InstancePort': 8443,
		'Listeners.member.1.SSLCertificateId': certificate.Orn,
	});
	await call('RegisterInstancesWithLoadBalancer', {'Instances.member.1.InstanceId': VM});
	await api.untilUp('web', VM);
	const boundPort = async (logical: number): Promise<number> => {
		const {loadBalancers} = await api.own('GET', 'state');
		return loadBalancers[0].listeners.find(({port}: {port: number}) => port === logical).boundPort;
	};
	return {call, plain, port: await boundPort(443), boundPort, emulator};
}

/** What a client of this TLS version gets: the first line of the answer, or why there is none. */
async function get(port: number, version: 'TLSv1.1' | 'TLSv1.2' = 'TLSv1.2'): Promise<string> {
	const tls = {
		minVersion: version,
		maxVersion: version,
		ciphers: 'ALL:@SECLEVEL=0',
		rejectUnauthorized: false,
	} as const;
	try {
		const client = await open({port, tls, reading: 'all'});
		client.stream.write(GET);
		const {line} = await client.message();
		client.raw.destroy();
		return line;
	} catch (error) {
		return codeOf(error) ?? String(error);
	}
}

function attribute(name: string, value: string): Parameters {
	return {
		'PolicyAttributes.member.1.AttributeName': name,
		'PolicyAttributes.member.1.AttributeValue': value,
	};
}

test('an SSL negotiation policy of the ELB API holds from the next handshake on, until it is cleared', async t => {
	const {call, port} = await start(t);
	const refused = 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION';
	t.deepEqual([await get(port), await get(port, 'TLSv1.1')], ['HTTP/1.1 200 OK', refused]);

	await call('SetLoadBalancerPoliciesOfListener', {
		LoadBalancerPort: 443,
		'PolicyNames.member.1': 'ELBSecurityPolicy-TLS-1-1-2017-01',
	});
	t.deepEqual([await get(port), await get(port, 'TLSv1.1')], ['HTTP/1.1 200 OK', 'HTTP/1.1 200 OK']);

	await call('SetLoadBalancerPoliciesOfListener', {LoadBalancerPort: 443, PolicyNames: ''});
	t.deepEqual([await get(port), await get(port, 'TLSv1.1')], ['HTTP/1.1 200 OK', refused]);
});

test('a policy of back-end authentication leaves a back-end with another key alone', async t => {
	const {call, port, emulator} = await start(t);
	const keyOf = (cert: string) => spkiOf(new X509Certificate(cert).publicKey);
	const setKey = async (name: string, cert: string) => {
		const type = 'BackendServerAuthenticationPolicyType';
		await call('CreateLoadBalancerPolicy', {
			PolicyName: `${name}-key`,
			PolicyTypeName: 'PublicKeyPolicyType',
			...attribute('PublicKey', `-----BEGIN PUBLIC KEY-----\n${keyOf(cert)}\n-----END PUBLIC KEY-----`),
		});
		await call('CreateLoadBalancerPolicy', {
			PolicyName: name,
			PolicyTypeName: type,
			...attribute('PublicKeyPolicyName', `${name}-key`),
		});
		await call('SetLoadBalancerPoliciesForBackendServer', {InstancePort: 8443, 'PolicyNames.member.1': name});
	};

	await setKey('right', serverPair.cert);
	t.is(await get(port), 'HTTP/1.1 200 OK');
	await setKey('wrong', authority.issue({names: ['other.test']}).cert);

	t.is(await get(port), 'HTTP/1.1 502 Bad Gateway');
	const ended = emulator.loadBalancers.find(({name}) => name === 'web')?.traffic.last();
	t.is(ended?.outcome, 'backend-tls');
	t.regex(ended?.cause ?? '', /^the public key of the back-end/);
	await call('SetLoadBalancerPoliciesForBackendServer', {InstancePort: 8443, PolicyNames: ''});
	t.is(await get(port), 'HTTP/1.1 200 OK');
});

test('a PROXY protocol policy of the ELB API holds on every listener with that back-end port, beside the others', async t => {
	const {call, plain, boundPort} = await start(t);
	for (const [index, protocol] of ['HTTP', 'TCP'].entries()) {
		await call('CreateLoadBalancerListeners', {
			'Listeners.member.1.Protocol': protocol,
			'Listeners.member.1.LoadBalancerPort': 80 + index,
			'Listeners.member.1.InstancePort': 8080,
		});
	}
	const send = async (port: number) => {
		const client = await open({port: await boundPort(port), reading: 'all'});
		client.stream.write(GET);
		const {line} = await client.message();
		const from = client.raw.localPort;
		client.raw.destroy();
		return {line, from};
	};
	await send(80);
	t.true(plain.connections[0]?.received.startsWith('GET '));

	await call('CreateLoadBalancerPolicy', {
		PolicyName: 'proxy',
		PolicyTypeName: 'ProxyProtocolPolicyType',
		...attribute('ProxyProtocol', 'true'),
	});
	await call('SetLoadBalancerPoliciesForBackendServer', {InstancePort: 8080, 'PolicyNames.member.1': 'proxy'});
	const [http, tcp] = [await send(80), await send(81)];

	t.is(http.line, 'HTTP/1.1 200 OK');
	t.true(plain.connections[1]?.received.startsWith(`PROXY TCP4 127.0.0.1 127.0.0.1 ${http.from} 80\r\nGET `));
	t.true(plain.connections[2]?.received.startsWith(`PROXY TCP4 127.0.0.1 127.0.0.1 ${tcp.from} 81\r\nGET `));
	await call('SetLoadBalancerPoliciesForBackendServer', {InstancePort: 8080, PolicyNames: ''});
	await send(80);
	t.true(plain.connections[3]?.received.startsWith('GET '));
});
