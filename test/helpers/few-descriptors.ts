// A load balancer in a process that may open few files. Prints its port; then, a second after each line it is sent, a line.
import {startLoadBalancer} from '../../src/index.ts';

const lb = await startLoadBalancer({listeners: ['http:80'], backends: 1});
console.log(lb.port(80));
process.stdin.on('data', () => {
	setTimeout(() => console.log('a second later'), 1000);
});
