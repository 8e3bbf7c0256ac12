// What health checks cost the process that probes: 200 back-ends every second, all of them one server in another process.
// Needs `npm run build`. Arguments: seconds to measure (5), then targets.
import {fork} from 'node:child_process';
import {once} from 'node:events';
import {fileURLToPath} from 'node:url';
import {startLoadBalancer} from '../dist/index.js';

const COUNT = 200;
const [seconds = '5', ...targets] = process.argv.slice(2);

if (seconds === 'serve') {
	const {startFakeBackend} = await import('../dist/fake-backends/fake-backend.js');
	const {createAuthority} = await import('../dist/index.js');
	const {cert, key} = createAuthority().issue({names: ['127.0.0.1']});
	const behaviour = {kind: 'reply', body: 'ok'};
	const plain = await startFakeBackend({name: 'plain', behaviour});
	const secure = await startFakeBackend({name: 'secure', behaviour, tls: {mode: 'always', cert, key}});
	process.send({plain: plain.port, secure: secure.port});
} else {
	const server = fork(fileURLToPath(import.meta.url), ['serve']);
	const [ports] = await once(server, 'message');
	for (const target of targets.length > 0 ? targets : ['TCP:80', 'HTTP:80/', 'SSL:80', 'HTTPS:80/']) {
		const port = /^(SSL|HTTPS)/.test(target) ? ports.secure : ports.plain;
		const backends = Array.from({length: COUNT}, (_, index) => ({
			name: `b-${index}`,
			kind: 'address',
			host: '127.0.0.1',
			port,
		}));
		const healthCheck = {target, interval: '1s', timeout: '900ms', unhealthy: 2};
		const lb = await startLoadBalancer({listeners: ['tcp:1'], backends, healthCheck});
		// Past the first probes, whose handshakes are full ones, and past the compiler, which takes as much as they do.
		await new Promise(resolve => setTimeout(resolve, 15_000));
		const before = process.cpuUsage();
		const start = performance.now();
		await new Promise(resolve => setTimeout(resolve, Number(seconds) * 1000));
		const {user, system} = process.cpuUsage(before);
		const percent = (user + system) / 10 / (performance.now() - start);
		const failing = lb.backends.filter(({health}) => health.lastProbe?.result !== 'pass').length;
		console.log(`${target}: ${percent.toFixed(1)} % of a core; ${failing} back-ends failed`);
		await lb.stop();
	}
	server.disconnect();
	server.kill();
}
