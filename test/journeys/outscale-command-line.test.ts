import {writeFile} from 'node:fs/promises';
import path from 'node:path';
import test from 'ava';
import {runCli, startCli} from '../cli/helpers/command-line.ts';
import {httpListener, newLoadBalancer} from '../helpers/outscale-api.ts';
import {fetchSigned} from '../helpers/outscale-clients.ts';
import {ownHttpServer} from '../helpers/own-servers.ts';
import {heldPort, refusalAt} from '../helpers/ports.ts';
import {temporaryFolder} from '../helpers/temporary-folder.ts';

/** The developer may have one running. */
const ENV = {LB_LOCAL_ENDPOINT: '', http_proxy: '', HTTP_PROXY: '', all_proxy: '', ALL_PROXY: ''};

test('up, env, a client, status and set: the road of somebody at a terminal', async t => {
	const folder = await temporaryFolder(t);
	const [first, second] = [await ownHttpServer(t, 'first'), await ownHttpServer(t, 'second')];
	const {port: held} = await heldPort(t);
	const config = {control: {port: 0}, vms: {'i-0000000a': first.address}};
	// JSON is YAML.
	await writeFile(path.join(folder, 'lb-local.yaml'), JSON.stringify(config));
	const running = startCli(t, ['up', 'lb-local.yaml'], {folder, env: ENV});
	await running.shows('stderr', /no load balancer yet: create some through the control port/);
	await running.shows('stderr', /Ctrl-C stops/);

	const {stdout: exports} = await runCli(['env'], {folder, env: ENV});
	const set = new Map(
		[...exports.matchAll(/^export (\w+)='?(.*?)'?$/gm)].map(([, name = '', value = '']) => [name, value]),
	);
	const endpoint = (set.get('OSC_ENDPOINT_API') ?? '').replace(/\/api\/v1$/, '');
	const call = fetchSigned({
		endpoint,
		accessKey: set.get('OSC_ACCESS_KEY') ?? '',
		secretKey: set.get('OSC_SECRET_KEY') ?? '',
	});
	await call('CreateLoadBalancer', newLoadBalancer('web', [httpListener(held, 80)]));
	await running.shows('stderr', /api: CreateLoadBalancer 200 .* ms/);
	const [, bound] = await running.shows(
		'stderr',
		/note: web, .*: bound to (\d+) in place of \d+ \(somebody holds it\)/,
	);
	await call('LinkLoadBalancerBackendMachines', {LoadBalancerName: 'web', BackendVmIds: ['i-0000000a', 'i-0000000b']});
	await running.shows('stderr', /web: back-end i-0000000a is InService \(TCP:80 passed for the first time\)/);

	t.is(await (await fetch(`http://127.0.0.1:${bound}/seen`)).text(), 'first');
	await running.shows('stdout', /web:\d+ .* GET \/seen 200 -> i-0000000a /);
	const {stdout: status} = await runCli(['status'], {folder, env: ENV});
	t.regex(status, new RegExp(`http:${held} -> http:80  on 127\\.0\\.0\\.1:${bound}\n`));
	t.regex(status, /i-0000000b .*OutOfService \(lb-local does not know where i-0000000b is/);

	const said = await runCli(['set', 'vm', 'i-0000000b', second.address], {folder, env: ENV});
	t.is(said.code, 0, said.stderr);
	await running.shows('stderr', /web: back-end i-0000000b is InService/);
	const bodies = [];
	for (let i = 0; i < 2; i++) bodies.push(await (await fetch(`http://127.0.0.1:${bound}/`)).text());
	t.deepEqual(bodies.sort(), ['first', 'second']);

	await call('ReadVms', {Filters: {TagKeys: ['a']}});
	await running.shows('stderr', /api: ReadVms 200 .*; without effect here: Filters\.TagKeys/);
	await writeFile(path.join(folder, 'lb-local.yaml'), JSON.stringify({...config, vms: {'i-0000000a': second.address}}));
	await running.shows('stderr', /(i-0000000a is InService[\s\S]*){2}/);
	t.is(await (await fetch(`http://127.0.0.1:${bound}/`)).text(), 'second');

	const {code, stderr} = await running.end('SIGTERM');
	t.is(code, 0, stderr);
	t.deepEqual(await Promise.all([Number(bound), Number(new URL(endpoint).port)].map(refusalAt)), [
		'ECONNREFUSED',
		'ECONNREFUSED',
	]);
});
