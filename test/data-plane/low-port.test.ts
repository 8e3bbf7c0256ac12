import {fork} from 'node:child_process';
import {once} from 'node:events';
import {readFile} from 'node:fs/promises';
import test from 'ava';
import getPort from 'get-port';
import {compiled} from '../helpers/compiled.ts';

const CHILD = compiled('test/helpers/low-port.ts');

/** Where low ports begin to need no privilege; undefined off Linux. */
async function unprivilegedFrom(): Promise<number | undefined> {
	try {
		return Number(await readFile('/proc/sys/net/ipv4/ip_unprivileged_port_start', 'utf8'));
	} catch {
		return undefined;
	}
}

const from = await unprivilegedFrom();
const forbidden = from !== undefined && from > 80;
const where = forbidden ? '' : ' (skipped: port 80 needs no privilege here)';

(forbidden ? test : test.skip)(
	`without the privilege, port 80 is refused in words, nothing is left${where}`,
	async t => {
		const high = await getPort();
		const child = fork(CHILD, [String(high)], {stdio: ['ignore', 'ignore', 'pipe', 'ipc']});
		t.teardown(() => {
			child.kill('SIGKILL');
		});
		let complaints = '';
		child.stderr?.setEncoding('utf8').on('data', text => {
			complaints += text;
		});
		const told = new Promise<unknown>(resolve => {
			child.once('message', resolve);
			child.once('close', () => resolve(complaints));
		});

		t.deepEqual(await told, {
			refused: {
				code: 'PORT_UNAVAILABLE',
				message:
					'Not allowed to listen on 127.0.0.1:80, which listener tcp:80 -> tcp:1 of load balancer "lb" needs: ports below 1024 need a privilege',
				hint: 'Bind a free port instead (ports: "free"), allow low ports with `sysctl net.ipv4.ip_unprivileged_port_start=0`, or give node the capability with setcap cap_net_bind_service.',
			},
			bound: high,
		});
		if (child.exitCode === null) await once(child, 'exit');
		t.is(child.exitCode, 0, complaints);
	},
);
