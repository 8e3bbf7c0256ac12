// A worker: starts and stops as many load balancers as it is told, with traffic through each, and reports what is left.
import {connect} from 'node:net';
import {text} from 'node:stream/consumers';
import {startLoadBalancer} from '../../src/index.ts';

// Node asks for it when the first socket is destroyed, and makes it then, a pipe where the output goes to one.
process.stderr.fd;
const before = process.getActiveResourcesInfo();
let answered = 0;
for (let i = 0; i < Number(process.argv[2]); i++) {
	const lb = await startLoadBalancer({listeners: ['https:443 -> http:80', 'http:80', 'tcp:5432'], backends: 2});
	const client = connect(lb.port(80), '127.0.0.1');
	client.end('GET / HTTP/1.0\r\n\r\n');
	if ((await text(client)).startsWith('HTTP/1.1 200')) answered++;
	await lb.stop();
}
const left = [...process.getActiveResourcesInfo()];
for (const resource of before) left.splice(left.indexOf(resource), 1);
// What is being closed is told once more in the same turn.
if (left.length > 0) await new Promise(resolve => setImmediate(resolve));
process.send?.({answered, left: process.getActiveResourcesInfo().filter(resource => !before.includes(resource))});
process.disconnect?.();
