// One load balancer for the benchmark driver: MODE (A raw TCP, B TLS to TCP, Ch HTTP to HTTP, Cs HTTPS to HTTP), PORT,
// BACKENDS ("p1,p2" on 127.0.0.1), CERT and KEY (paths of PEM files). Stays in the foreground, with the records a user
// has by default. Needs `npm run build`.
import {readFileSync} from 'node:fs';
import {startLoadBalancer} from '../dist/index.js';

const {MODE = 'Ch', PORT = '8080', BACKENDS = '', CERT, KEY, RECORD} = process.env;
const [protocol, backendProtocol] = {A: ['tcp', 'tcp'], B: ['ssl', 'tcp'], Ch: ['http', 'http'], Cs: ['https', 'http']}[
	MODE
];
const secure = protocol === 'ssl' || protocol === 'https';

const loadBalancer = await startLoadBalancer({
	name: 'bench',
	ports: 'exact',
	listeners: [
		{
			listen: `${protocol}:${PORT} -> ${backendProtocol}:${PORT}`,
			...(secure ? {certificate: {cert: readFileSync(CERT, 'utf8'), key: readFileSync(KEY, 'utf8')}} : {}),
		},
	],
	backends: BACKENDS.split(',').map(port => `127.0.0.1:${port}`),
	idleTimeout: '300s',
	...(RECORD === undefined ? {} : {record: JSON.parse(RECORD)}),
});
process.once('SIGTERM', () => loadBalancer.stop().then(() => process.exit(0)));
