// What a CommonJS project's strict TypeScript sees of the installed package. It is compiled, not run.
import {type Config, defineConfig, EmulatorError, type Exchange, startEmulator, startLoadBalancer} from 'lb-local';
import {assertHeader, assertOrder} from 'lb-local/assert';

const config: Config = defineConfig({backends: {app: 'echo'}, loadBalancers: {}} as unknown as Config);

export async function order(): Promise<readonly string[]> {
	const emulator = await startEmulator({config, ports: 'free'});
	const lb = await startLoadBalancer({listeners: ['https:443 -> http:80'], backends: 2});
	try {
		const response: Response = await lb.fetch('/');
		const exchange: Exchange = lb.traffic.last();
		assertOrder(lb, ['a']);
		assertHeader(exchange, 'x-forwarded-proto', /https/);
		return [response.statusText, exchange.request.headers['x-forwarded-proto'] ?? ''];
	} catch (error) {
		if (error instanceof EmulatorError) return [error.code];
		throw error;
	} finally {
		await lb.stop();
		await emulator.stop();
	}
}

// @ts-expect-error a typo in a protocol does not compile
void startLoadBalancer({listeners: ['htps:443 -> http:80']});
