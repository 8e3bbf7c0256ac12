import {readdir} from 'node:fs/promises';
import test from 'ava';
import {AwsClient} from 'aws4fetch';
import {authority, CONFIG, startFromFile, startWithApi} from '../helpers/emulator-scene.ts';
import {httpListener, newLoadBalancer} from '../helpers/outscale-api.ts';
import {freePorts, heldPort} from '../helpers/ports.ts';
import {temporaryFolder} from '../helpers/temporary-folder.ts';

// What the API makes, and what the library and the configuration see of it.

test('what is told of a load balancer goes with it', async t => {
	const {port} = await heldPort(t);
	const {emulator, api} = await startWithApi(t, {ports: 'fallback-always', authority});
	const {cert, key} = authority.issue({names: ['old.test'], notBefore: new Date(0), notAfter: new Date(86_400_000)});
	const {ServerCertificate} = await api.ok('CreateServerCertificate', {
		Name: 'old',
		Body: cert,
		PrivateKey: key,
	});
	const listener = {
		LoadBalancerPort: port,
		LoadBalancerProtocol: 'HTTPS',
		BackendPort: 80,
		ServerCertificateId: ServerCertificate.Orn,
	};
	await api.ok('CreateLoadBalancer', newLoadBalancer('web', [listener]));
	const [notices, warnings] = [[...emulator.notices], [...emulator.warnings]];
	t.is(notices.length, 1);
	t.true(notices[0]?.startsWith(`web, https:${port} -> https:80: bound to `));
	t.is(warnings.length, 1);
	await api.ok('DeleteLoadBalancerListeners', {LoadBalancerName: 'web', LoadBalancerPorts: [port]});
	t.deepEqual([emulator.notices, emulator.warnings], [[], []]);
	await api.ok('CreateLoadBalancerListeners', {LoadBalancerName: 'web', Listeners: [listener]});
	t.deepEqual([emulator.notices, emulator.warnings], [notices, warnings]);

	await api.ok('DeleteLoadBalancer', {LoadBalancerName: 'web'});

	t.deepEqual([emulator.notices, emulator.warnings], [[], []]);
});

test('what runs is called what the API calls it, and its access log is of the same account', async t => {
	const folder = await temporaryFolder(t);
	const {emulator, api} = await startWithApi(t, {
		config: {account: {id: '210987654321', region: 'us-east-2'}, control: {accessLogs: folder}},
	});
	const {LoadBalancer: inside} = await api.ok('CreateLoadBalancer', {
		LoadBalancerName: 'inside',
		LoadBalancerType: 'internal',
		Subnets: ['subnet-0000000a'],
		Listeners: [httpListener(80)],
	});
	const {LoadBalancer: outside} = await api.ok('CreateLoadBalancer', newLoadBalancer('outside'));
	await api.ok('UpdateLoadBalancer', {
		LoadBalancerName: 'outside',
		AccessLog: {IsEnabled: true, OsuBucketName: 'bucket'},
	});

	t.regex(inside.DnsName, /^internal-inside-\d{9}\.us-east-2\.lbu\.outscale\.com$/);
	t.is(emulator.get('inside').dnsName, inside.DnsName);
	t.is(emulator.get('outside').dnsName, outside.DnsName);
	t.is((await emulator.get('outside').fetch(`http://${outside.DnsName}/`)).status, 503);
	await emulator.stop();
	const objects = await readdir(folder, {recursive: true});
	t.true(
		objects.some(object => object.startsWith('bucket/OWSLogs/210987654321/lbu/us-east-2/')),
		objects.join(),
	);
});

test('a certificate that leaves the configuration leaves the API, unless a listener shows it', async t => {
	const {emulator, api, write} = await startFromFile(t);
	const names = async () => {
		const {ServerCertificates} = await api.ok('ReadServerCertificates');
		return ServerCertificates.map(({Name}: {Name: string}) => Name);
	};
	await write({...CONFIG, certificates: {one: {names: ['one.test']}, two: {names: ['two.test']}}});
	await emulator.reload();
	t.deepEqual(await names(), ['one', 'two']);
	await api.ok(
		'CreateLoadBalancer',
		newLoadBalancer('shop', [
			{
				LoadBalancerPort: 443,
				LoadBalancerProtocol: 'HTTPS',
				BackendPort: 80,
				ServerCertificateId: 'orn:ows:idauth::123456789012:server-certificate/two',
			},
		]),
	);

	await write(CONFIG);
	await emulator.reload();

	t.deepEqual(await names(), ['two']);
});

test('a client that signs is let in, wherever the clock has been moved to', async t => {
	const {emulator, api} = await startWithApi(t, {
		clock: 'manual',
		config: {control: {credentials: {AKEXAMPLE: 'secret'}}},
	});
	const client = new AwsClient({accessKeyId: 'AKEXAMPLE', secretAccessKey: 'secret', service: 'api', retries: 0});
	const read = async () =>
		(await client.fetch(`${emulator.endpoint}/api/v1/ReadLoadBalancers`, {method: 'POST'})).status;
	t.is(await read(), 200);

	await emulator.clock.advance('120m');

	t.is(await read(), 200);
	t.is((await api.send('ReadLoadBalancers')).status, 401);
});

test('a listener that the API adds yields its port to a stranger, whoever made the load balancer', async t => {
	const {port} = await heldPort(t);
	const {emulator, api} = await startWithApi(t, {ports: 'fallback'});
	const [own = 0] = await freePorts(1);
	const web = await emulator.create({name: 'web', listeners: [`http:${own} -> http:80`]});

	await api.ok('CreateLoadBalancerListeners', {
		LoadBalancerName: 'web',
		Listeners: [httpListener(port, 80)],
	});

	t.is(web.port(own), own);
	t.not(web.port(port), port);
	t.is(emulator.notices.length, 1);
});

test('what the configuration says exists is there from the start, and after a reset', async t => {
	const nets = [{id: 'vpc-0000032a', ipRange: '198.18.0.0/16'}];
	const {emulator, api} = await startWithApi(t, {
		config: {account: {nets, subregions: ['eu-west-2a']}, loadBalancers: {}},
	});
	const shown = async () => (await api.ok('ReadNets', {}))['Nets'];
	const atFirst = await shown();

	await emulator.reset();

	t.is(atFirst.length, 1);
	t.like(atFirst[0], {NetId: 'vpc-0000032a', IpRange: '198.18.0.0/16'});
	t.deepEqual(await shown(), atFirst);
	t.deepEqual(
		(await api.send('CreateLoadBalancer', {...newLoadBalancer('web'), SubregionNames: ['nowhere-1a']})).status,
		400,
	);
});
