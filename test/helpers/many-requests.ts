import {once} from 'node:events';
import {Agent, type IncomingMessage, request} from 'node:http';

/** Sends that many requests to a listener, for `/n/0` and so on: 16 at a time, over connections that are kept. */
export async function sendMany(port: number, count: number): Promise<void> {
	const agent = new Agent({keepAlive: true, maxSockets: 16});
	const one = async (number: number) => {
		const sent = request({agent, host: '127.0.0.1', port, path: `/n/${number}`, headers: {Host: 'web.test'}});
		sent.end();
		// The events of requests are typed as unknown.
		const [response] = (await once(sent, 'response')) as [IncomingMessage];
		response.resume();
		await once(response, 'end');
	};
	let next = 0;
	await Promise.all(
		Array.from({length: 16}, async () => {
			while (next < count) await one(next++);
		}),
	);
	agent.destroy();
}
