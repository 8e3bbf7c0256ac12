// One process of `bench/cold.mjs`: MODE as its argument, its CPU microseconds on stdout when it ends.
import {writeSync} from 'node:fs';
import {createRequire} from 'node:module';

const [mode, times = '1'] = process.argv.slice(2);
const fromPeers = name => createRequire(`${process.env.PEERS}/`)(name);

process.on('exit', () => {
	const {user, system} = process.cpuUsage();
	writeSync(1, `${user + system}\n`);
});

/** One request with Node's own client, which checks the certificate: the same for everybody. */
async function get(url, ca) {
	const https = await import('node:https');
	await new Promise((resolve, reject) => {
		https.get(url, {ca, agent: false}, answer => answer.resume().on('end', resolve)).on('error', reject);
	});
}

const ROUNDS = {
	empty: async () => undefined,
	import: async () => void (await import('../dist/index.js')),
	async fetch() {
		const {startLoadBalancer} = await import('../dist/index.js');
		const lb = await startLoadBalancer({listeners: ['https:443 -> http:80'], backends: 2});
		await (await lb.fetch('/')).text();
		await lb.stop();
	},
	async node() {
		const {startLoadBalancer} = await import('../dist/index.js');
		const lb = await startLoadBalancer({listeners: ['https:443 -> http:80'], backends: 2});
		await get(lb.url('/'), lb.ca.pem);
		await lb.stop();
	},
	/** HTTPS to one of two servers, with a certificate that is there already. */
	async 'http-proxy-3'() {
		const {createProxyServer} = fromPeers('http-proxy-3');
		const {createServer} = await import('node:http');
		const {readFileSync} = await import('node:fs');
		const servers = ['a', 'b'].map(name => createServer((_request, response) => response.end(name)));
		for (const server of servers) await new Promise(resolve => server.listen(0, '127.0.0.1', resolve));
		const file = name => readFileSync(new URL(`../certs/${name}`, import.meta.url));
		const proxy = createProxyServer({
			target: {host: '127.0.0.1', port: servers[0].address().port},
			ssl: {cert: file('web.test.crt'), key: file('web.test.key')},
		});
		proxy.listen(0, '127.0.0.1');
		await new Promise(resolve => (proxy._server.listening ? resolve() : proxy._server.once('listening', resolve)));
		await get(`https://127.0.0.1:${proxy._server.address().port}/`, file('authority.pem'));
		await new Promise(resolve => proxy.close(resolve));
		for (const server of servers) server.close();
	},
	async mockttp() {
		const mockttp = fromPeers('mockttp');
		const {cert, key} = await mockttp.generateCACertificate();
		const server = mockttp.getLocal({https: {cert, key}});
		await server.start();
		await server.forGet('/').thenReply(200, 'a');
		await get(server.urlFor('/'), cert);
		await server.stop();
	},
};

for (let round = 0; round < Number(times); round++) await ROUNDS[mode]();
