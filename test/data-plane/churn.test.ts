// A process of its own: it counts the process's sockets and descriptors.
import {existsSync, readdirSync, readFileSync} from 'node:fs';
import {createSecureContext} from 'node:tls';
import test from 'ava';
import {type LoadBalancer, startLoadBalancer} from '../../src/index.ts';
import {runs} from '../helpers/depth.ts';
import {eventually} from '../helpers/patience.ts';
import {open, type RawConnection} from '../helpers/raw-connection.ts';
import {authority} from '../helpers/stream-pairs.ts';

const CONCURRENT = runs(2000, 100);
const ALL = 10 * CONCURRENT;
/** Each connection takes four here: the client's, the load balancer's two and the back-end's. */
const NEEDED_DESCRIPTORS = 4 * CONCURRENT + 500;

function descriptors(): number {
	return readdirSync('/proc/self/fd').length;
}

/** Other kinds belong to whoever loads modules, too. */
function sockets(): string[] {
	return process.getActiveResourcesInfo().filter(kind => /^(TCP|TLS)/.test(kind));
}

function reasonToSkip(): string {
	if (!existsSync('/proc/self/fd')) return ' (skipped: descriptors are counted on Linux only)';
	const [, limit = '0'] = /Max open files\s+(\d+)/.exec(readFileSync('/proc/self/limits', 'latin1')) ?? [];
	return Number(limit) < NEEDED_DESCRIPTORS ? ` (skipped: only ${limit} descriptors allowed)` : '';
}

const secureContext = createSecureContext({ca: authority.pem});
const APPROACHES = {6379: undefined, 6380: {host: '127.0.0.1', secureContext}} as const;

/** In turn: in good order, with a RST, with everything let go, with a RST right behind bytes. */
async function leave(end: RawConnection, nth: number): Promise<void> {
	if (nth % 4 === 0) {
		end.stream.end();
		await end.readAll();
	} else if (nth % 4 === 1) end.raw.resetAndDestroy();
	else if (nth % 4 === 2) end.stream.destroy();
	else end.stream.write('more', () => end.raw.resetAndDestroy());
	end.stream.resume();
	await end.gone;
}

/** All stand at once before the first one leaves. @returns how many got their bytes back. */
async function wave(lb: LoadBalancer, port: keyof typeof APPROACHES): Promise<number> {
	const numbers = Array.from({length: CONCURRENT}, (_, nth) => nth);
	const ends = await Promise.all(
		numbers.map(async nth => {
			const end = await open({port: lb.port(port), tls: APPROACHES[port]});
			end.stream.write(`no. ${String(nth).padStart(4, '0')}`);
			return {nth, end, heard: (await end.read(8)).toString()};
		}),
	);
	const right = ends.filter(({nth, heard}) => heard === `no. ${String(nth).padStart(4, '0')}`).length;
	await Promise.all(ends.map(({nth, end}) => leave(end, nth)));
	return right;
}

const skipped = reasonToSkip();

(skipped === '' ? test : test.skip)(
	`${ALL} connections, ${CONCURRENT} at a time, leave nothing behind${skipped}`,
	async t => {
		const before = descriptors();
		const lb = await startLoadBalancer({
			listeners: ['tcp:6379 -> tcp:1', 'ssl:6380 -> tcp:1'],
			backends: [1, 2, 3, 4].map(() => ({kind: 'tcp', mode: 'echo'}) as const),
			authority,
			record: {exchanges: CONCURRENT},
		});
		t.teardown(() => lb.stop());
		const resting = {descriptors: descriptors(), sockets: sockets()};

		let right = 0;
		for (const port of [6379, 6379, 6379, 6380, 6379, 6379, 6379, 6380, 6379, 6379] as const)
			right += await wave(lb, port);
		await eventually(() => [...lb.traffic].every(({outcome}) => outcome !== 'open'));
		await eventually(() => descriptors() <= resting.descriptors);

		t.is(right, ALL);
		t.is(lb.traffic.length, CONCURRENT);
		t.is(lb.traffic.forgotten, ALL - CONCURRENT);
		t.deepEqual(sockets(), resting.sockets);
		await lb.stop();
		t.true(descriptors() <= before, `${before} descriptors before, ${descriptors()} after`);
	},
);
