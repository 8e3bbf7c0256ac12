// ts-jest and babel-jest turn these imports into require(); vitest keeps them.
import {EmulatorError, type LoadBalancer, startEmulator, startLoadBalancer} from 'lb-local';
import {assertOrder} from 'lb-local/assert';
import {round} from './round.cjs';

declare function it(title: string, body: () => Promise<void>): void;

it('imports lb-local', async () => {
	await round({startLoadBalancer, startEmulator, EmulatorError});
	const lb: LoadBalancer = await startLoadBalancer({listeners: ['http:80'], backends: 1});
	assertOrder(lb, []);
	await lb.stop();
});
