// The three recipes on the built package, start to stop. Run by CI on every Node that is supported.
import {strict as assert} from 'node:assert';
import {once} from 'node:events';
import {startEmulator, startLoadBalancer} from '../../dist/index.js';

const https = await startLoadBalancer({listeners: ['https:443 -> http:80'], backends: 2});
for (const expected of ['a', 'b', 'a']) {
	const seen = await (await https.fetch('/', {method: 'POST', body: 'x'.repeat(100_000)})).json();
	assert.equal(seen.backend, expected);
	assert.equal(seen.bodyBytes, 100_000);
	assert.equal(seen.headers['x-forwarded-proto'], 'https');
}
await https.stop();

const ssl = await startLoadBalancer({listeners: ['ssl:6379 -> tcp:6380'], backends: [{kind: 'tcp', mode: 'echo'}]});
const connection = await ssl.connect(6379);
connection.end('half-close');
const [echoed] = await once(connection, 'data');
assert.equal(String(echoed), 'half-close');
await once(connection, 'end');
await ssl.stop();

const tcp = await startLoadBalancer({
	listeners: ['tcp:443'],
	backends: [{kind: 'echo', name: 'shop', tls: {names: ['shop.test']}}],
});
assert.equal((await (await tcp.fetch('https://shop.test/')).json()).tls.sni, 'shop.test');
await tcp.stop();
const emulator = await startEmulator();
for (const [path, body, expected] of [
	['/api/v1/ReadLoadBalancers', '{}', /"LoadBalancers":\[\]/],
	['/', 'Action=DescribeLoadBalancers&Version=2012-06-01', /<LoadBalancerDescriptions\/>/],
]) {
	const answer = await fetch(`${emulator.endpoint}${path}`, {method: 'POST', body});
	assert.match(await answer.text(), expected);
}
await emulator.stop();
console.log(`three recipes and two APIs on Node ${process.version}`);
