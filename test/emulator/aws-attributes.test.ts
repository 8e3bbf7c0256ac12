import {readdir, readFile} from 'node:fs/promises';
import path from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {type EmulatorOptions, startEmulator} from '../../src/index.ts';
import {readXml, type XmlValue} from '../helpers/aws-xml.ts';
import {formOf, newLoadBalancer, type Parameters} from '../helpers/in-memory-aws.ts';
import {eventually} from '../helpers/patience.ts';
import {dated, startRawBackend} from '../helpers/raw-backend.ts';
import {open, RawConnection} from '../helpers/raw-connection.ts';
import {temporaryFolder} from '../helpers/temporary-folder.ts';

const VM = 'i-0000000a';
const WEB = {LoadBalancerName: 'web'};
const INSTANCES = {...WEB, 'Instances.member.1.InstanceId': VM};
const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
const OK = 'HTTP/1.1 200 OK';

/** `web` of the ELB API with one instance in service, whose requests wait until they are released; time stands still. */
async function start(t: ExecutionContext, options: EmulatorOptions = {}) {
	const releases: (() => void)[] = [];
	const backend = await startRawBackend({
		// The first connection is the probe's.
		scripts: [
			() => {},
			async connection => {
				await connection.message();
				await new Promise<void>(resolve => releases.push(resolve));
				await connection.writeAll(dated(`${OK}\r\nContent-Length: 2\r\n\r\nok`));
			},
		],
	});
	t.teardown(() => backend[Symbol.asyncDispose]());
	const config = {vms: {[VM]: `127.0.0.1:${backend.port}`}, ...(options.config as object | undefined)};
	const emulator = await startEmulator({port: 0, clock: 'manual', ...options, config});
	t.teardown(() => emulator.stop());
	const call = async (action: string, parameters: Parameters = {}): Promise<XmlValue> => {
		const answer = await fetch(emulator.endpoint, {method: 'POST', body: formOf(action, parameters), headers: FORM});
		const text = await answer.text();
		if (answer.status !== 200) throw new Error(`${action}: ${text}`);
		return readXml(text).value[`${action}Result`];
	};
	await call('CreateLoadBalancer', newLoadBalancer('web'));
	await call('RegisterInstancesWithLoadBalancer', INSTANCES);
	const health = async () => (await call('DescribeInstanceHealth', INSTANCES)).InstanceStates[0];
	await eventually(async () => (await health()).State === 'InService', 'instance in service');
	const modify = (parameters: Parameters) =>
		call(
			'ModifyLoadBalancerAttributes',
			Object.fromEntries([
				...Object.entries(WEB),
				...Object.entries(parameters).map(([name, value]) => [`LoadBalancerAttributes.${name}`, value]),
			]),
		);
	const request = async () => {
		const client = new RawConnection((await open({port: emulator.get('web').port(80)})).raw);
		t.teardown(() => client.reset());
		client.write(GET);
		await eventually(() => releases.length > 0, 'request at the back-end');
		return client;
	};
	return {emulator, call, health, modify, request, release: () => releases.shift()?.()};
}

const FORM = {'content-type': 'application/x-www-form-urlencoded'};
const DRAINING = {'ConnectionDraining.Enabled': true, 'ConnectionDraining.Timeout': 20};

test('an idle timeout that ModifyLoadBalancerAttributes sets is that of the next request: 504', async t => {
	const {emulator, modify, request} = await start(t);
	await modify({'ConnectionSettings.IdleTimeout': 7});
	const client = await request();

	await emulator.clock.advance('8s');

	t.is((await client.message()).line, 'HTTP/1.1 504 Gateway Timeout');
	t.is(emulator.get('web').traffic.last().cause, 'no bytes for 7000 ms from the back-end');
});

test('a request that is not over when the time of draining is, is answered 502', async t => {
	const {emulator, modify, request, call, health} = await start(t);
	await modify(DRAINING);
	const client = await request();

	t.deepEqual(await call('DeregisterInstancesFromLoadBalancer', INSTANCES), {Instances: ''});
	const draining = await health();
	await emulator.clock.advance('21s');

	t.deepEqual(draining, {
		InstanceId: VM,
		State: 'InService',
		ReasonCode: 'N/A',
		Description: 'Instance deregistration currently in progress.',
	});
	t.is((await client.message()).line, 'HTTP/1.1 502 Bad Gateway');
	await eventually(async () => (await health()).State === 'OutOfService', 'end of the draining');
	t.is((await health()).Description, 'Instance is not currently registered with the LoadBalancer.');
});

test('a request that is over within the time of draining is answered, and the instance gone then', async t => {
	const {modify, request, call, health, release} = await start(t);
	await modify(DRAINING);
	const client = await request();
	await call('DeregisterInstancesFromLoadBalancer', INSTANCES);

	release();

	t.is((await client.message()).line, OK);
	await eventually(async () => (await health()).State === 'OutOfService', 'end of the draining');
});

test('a request is cut with its instance where draining is off again', async t => {
	const {modify, request, call} = await start(t);
	await modify(DRAINING);
	await modify({'ConnectionDraining.Enabled': false});
	const client = await request();

	await call('DeregisterInstancesFromLoadBalancer', INSTANCES);

	t.is((await client.message()).line, 'HTTP/1.1 502 Bad Gateway');
	const {ConnectionDraining: shown} = (await call('DescribeLoadBalancerAttributes', WEB)).LoadBalancerAttributes;
	t.deepEqual(shown, {Enabled: 'false', Timeout: '20'});
});

test('an access log that ModifyLoadBalancerAttributes switches on is written', async t => {
	const folder = await temporaryFolder(t);
	const {emulator, modify, request, release} = await start(t, {config: {control: {accessLogs: folder}}});
	await modify({
		'AccessLog.Enabled': true,
		'AccessLog.S3BucketName': 'logs',
		'AccessLog.S3BucketPrefix': 'prod',
		'AccessLog.EmitInterval': 5,
	});
	const client = await request();
	release();
	await client.message();
	await emulator.stop();

	const files = (await readdir(path.join(folder, 'logs', 'prod'), {recursive: true, withFileTypes: true})).filter(
		each => each.isFile(),
	);
	t.is(files.length, 1);
	const [file] = files;
	t.regex(
		await readFile(path.join(file?.parentPath ?? '', file?.name ?? ''), 'utf8'),
		/ web .*"GET http:\/\/a:80\/ HTTP\/1\.1"/,
	);
});
