import {readdir, readFile} from 'node:fs/promises';
import path from 'node:path';
import test from 'ava';
import {startWithApi} from '../helpers/emulator-scene.ts';
import {newLoadBalancer} from '../helpers/outscale-api.ts';
import {temporaryFolder} from '../helpers/temporary-folder.ts';

const WEB = {LoadBalancerName: 'web'};

test('an access log that the API switches on is written below the folder of its bucket', async t => {
	const folder = await temporaryFolder(t);
	const account = {id: '210987654321', region: 'us-east-2'};
	const config = {control: {accessLogs: folder}, account};
	const {emulator, api} = await startWithApi(t, {clock: 'manual', config});
	await api.ok('CreateLoadBalancer', {...newLoadBalancer('web'), SubregionNames: ['us-east-2a']});
	const AccessLog = {IsEnabled: true, OsuBucketName: 'logs', OsuBucketPrefix: 'prod', PublicationInterval: 5};
	const {LoadBalancer: updated} = await api.ok('UpdateLoadBalancer', {...WEB, AccessLog});
	t.deepEqual(updated.AccessLog, AccessLog);

	await emulator.get('web').fetch('/logged');
	await api.ok('UpdateLoadBalancer', {...WEB, AccessLog: {IsEnabled: false}});
	await emulator.get('web').fetch('/not-logged');
	await emulator.stop();

	t.deepEqual(await readdir(folder), ['logs']);
	const files = (await readdir(path.join(folder, 'logs'), {recursive: true, withFileTypes: true})).filter(each =>
		each.isFile(),
	);
	t.is(files.length, 1);
	const [file] = files;
	const parent = path.relative(folder, file?.parentPath ?? '').split(path.sep);
	t.deepEqual(parent.slice(0, 6), ['logs', 'prod', 'OWSLogs', account.id, 'lbu', account.region]);
	t.regex(file?.name ?? '', new RegExp(`^${account.id}_lbu_${account.region}_web_`));
	const lines = (await readFile(path.join(file?.parentPath ?? '', file?.name ?? ''), 'utf8')).trimEnd().split('\n');
	t.is(lines.length, 1);
	t.regex(lines[0] ?? '', / web .*"GET http:\/\/web-\d+\.us-east-2\.lbu\.outscale\.com:80\/logged HTTP\/1\.1"/);
	t.deepEqual(emulator.warnings, []);
});

test('the library, the state and the API call a load balancer by one DNS name, wherever it stands', async t => {
	const config = {account: {region: 'us-east-2'}, loadBalancers: {own: {listeners: ['https:443 -> http:80']}}} as const;
	const {emulator, api} = await startWithApi(t, {config});
	const inNet = {...newLoadBalancer('inside'), SubregionNames: undefined, Subnets: ['subnet-12345678']};
	await api.ok('CreateLoadBalancer', {...inNet, LoadBalancerType: 'internal'});

	const names = emulator.loadBalancers.map(({dnsName}) => dnsName);

	t.regex(names[0] ?? '', /^own-\d{9}\.us-east-2\.lbu\.outscale\.com$/);
	t.regex(names[1] ?? '', /^internal-inside-\d{9}\.us-east-2\.lbu\.outscale\.com$/);
	t.deepEqual([(await api.read('own'))?.['DnsName'], (await api.read('inside'))?.['DnsName']], names);
	const {loadBalancers} = await api.own('GET', 'state');
	t.deepEqual(
		loadBalancers.map(({dnsName}: {dnsName: string}) => dnsName),
		names,
	);
	t.true(emulator.get('own').listeners[0]?.certificate?.names.includes(names[0] ?? ''));
	t.is(emulator.env()['OSC_REGION'], 'us-east-2');
	await emulator.get('inside').update({draining: '1s'});
	t.is(emulator.get('inside').dnsName, names[1] ?? '');
});
