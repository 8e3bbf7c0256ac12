// What a user's strict TypeScript sees of the installed package. It is compiled, not run.
import {type Config, defineConfig, type Exchange, startEmulator, startLoadBalancer} from 'lb-local';

const config: Config = defineConfig({
	certificates: {web: {names: ['web.test']}},
	backends: {app: {kind: 'echo', count: 2}, api: '127.0.0.1:3000'},
	loadBalancers: {web: {listeners: [{listen: 'https:443 -> http:80', certificate: 'web'}], backends: ['app', 'api']}},
});

await using emulator = await startEmulator({config, ports: 'free'});
const status: string = emulator.get('web').listeners[0]?.spec ?? '';

await using lb = await startLoadBalancer({listeners: ['https:443 -> http:80', 'ssl:1 -> tcp', 'tcp:2'], backends: 3});
const response: Response = await lb.fetch('/');
const exchange: Exchange = lb.traffic.last();
const proto: string | undefined = exchange.request.headers['x-forwarded-proto'];

// @ts-expect-error a typo in a protocol does not compile
await startLoadBalancer({listeners: ['htps:443 -> http:80']});
// @ts-expect-error nor does a missing port
await startLoadBalancer({listeners: ['https -> http:80']});
// @ts-expect-error nor does an unknown option
await startLoadBalancer({listeners: ['http:80'], backend: 3});

export {proto, response, status};
