import test from 'ava';
import {startEmulator, startLoadBalancer} from '../../src/index.ts';
import {gatedCommand} from '../helpers/gated-command.ts';
import {freePorts} from '../helpers/ports.ts';

const command = (run: string, port?: number) => ({name: 'mine', kind: 'command', run, ...(port && {port})}) as const;

/** Leaves slowly: it does not hear SIGTERM, so it is killed two seconds later. */
const stubborn = (word: string) =>
	`exec "${process.execPath}" -e "process.on('SIGTERM', () => {}); require('http').createServer((_, r) => r.end('${word}')).listen(process.env.PORT, '127.0.0.1')"`;

test('the stop of an emulator does not wait for a command that does not come up', async t => {
	const gated = await gatedCommand(t);
	const emulator = await startEmulator();
	const creating = t.throwsAsync(emulator.create({listeners: ['http:80'], backends: [command(gated.run)]}), {
		code: 'STOPPED',
	});
	await gated.reached;

	await emulator.stop();

	await creating;
	await gated.gone;
});

test('the stop of a load balancer takes back an update whose command does not come up', async t => {
	const gated = await gatedCommand(t);
	await using emulator = await startEmulator();
	const lb = await emulator.create({name: 'web', listeners: ['http:80'], backends: 1});
	const updating = t.throwsAsync(lb.update({backends: [command(gated.run)]}), {
		code: 'STOPPED',
		message: 'Load balancer "web" has been stopped',
	});
	await gated.reached;

	await lb.stop();

	await updating;
	await gated.gone;
});

test('when one command fails, the others are not waited for', async t => {
	const gated = await gatedCommand(t);
	const failing = `${gated.run.replace('.once(', ".once('connect', () => process.exit(3)).once(")}`;
	const backends = [
		{name: 'one', kind: 'command', run: gated.run},
		{name: 'other', kind: 'command', run: failing},
	] as const;

	await t.throwsAsync(startLoadBalancer({listeners: ['http:80'], backends}), {
		code: 'COMMAND_FAILED',
		message: /^The command of back-end "other" exited with code 3 before it listened/,
	});

	await gated.gone;
});

test('the start of one load balancer does not call off a back-end that another waits for', async t => {
	const gated = await gatedCommand(t);
	await using emulator = await startEmulator({config: {backends: {own: {kind: 'command', run: gated.run}}}});
	const first = emulator.create({name: 'first', listeners: ['http:80'], backends: ['own']});
	await gated.reached;
	const second = emulator.create({name: 'second', listeners: ['http:80'], backends: ['own', command('exit 3')]});
	await t.throwsAsync(second, {code: 'COMMAND_FAILED'});

	await gated.open();

	t.is((await (await first).fetch('/')).status, 200);
});

test('a command with a port that is taken out and put back waits for the one that leaves', async t => {
	const [port = 0] = await freePorts(1);
	await using emulator = await startEmulator();
	const spec = {name: 'web', listeners: ['http:80'], backends: [command(stubborn('first'), port)]} as const;
	const lb = await emulator.create(spec);
	t.is(await (await lb.fetch('/')).text(), 'first');

	const stopped = lb.stop();
	const again = await emulator.create({...spec, backends: [command(stubborn('second'), port)]});

	t.is(await (await again.fetch('/')).text(), 'second');
	await stopped;
});

test('a command with a port that an update takes out and the next one puts back waits too', async t => {
	const [port = 0] = await freePorts(1);
	await using lb = await startLoadBalancer({listeners: ['http:80'], backends: [command(stubborn('first'), port)]});

	await lb.update({backends: 1});
	await lb.update({backends: [command(stubborn('second'), port)]});

	t.is(await (await lb.fetch('/')).text(), 'second');
});
