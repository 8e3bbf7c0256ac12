// jest (CommonJS) and mocha: the plain require() of a user's test.
const lbLocal = require('lb-local');
const assertions = require('lb-local/assert');
const {startEmulator} = lbLocal;
const runners = require('./round.cjs');
const {round} = runners;

describe('require("lb-local")', () => {
	it('runs a load balancer', () => round(lbLocal));

	it('has its assertions', () => runners.assertions(lbLocal, assertions));

	it('runs the API and a command', async () => {
		const emulator = await startEmulator({ports: 'free'});
		const answer = await fetch(`${emulator.endpoint}/api/v1/ReadLoadBalancers`, {method: 'POST', body: '{}'});
		if (answer.status !== 200) throw new Error(`ReadLoadBalancers: ${answer.status}`);
		const run = `${process.execPath} -e "require('http').createServer((q, r) => r.end('up')).listen(process.env.PORT, '127.0.0.1')"`;
		const lb = await emulator.create({listeners: ['http:80'], backends: [{kind: 'command', run}]});
		const text = await (await lb.fetch('/')).text();
		if (text !== 'up') throw new Error(`the command answered ${text}`);
		await emulator.stop();
	});
});
