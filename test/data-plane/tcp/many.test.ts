import test from 'ava';
import {startLoadBalancer} from '../../../src/index.ts';
import {runs} from '../../helpers/depth.ts';
import {open, type RawConnection} from '../../helpers/raw-connection.ts';
import {authority, trusting} from '../../helpers/stream-pairs.ts';

/** Descriptors: each connection takes five in one process (client, two of the load balancer, back-end). */
const CONCURRENT = runs(2000);
const TURNOVER = runs(3000);
const TLS_TURNOVER = runs(300, 60);

const ECHOES = [1, 2, 3, 4].map(() => ({kind: 'tcp', mode: 'echo'}) as const);

/** Opens so many connections, `width` at a time. */
async function openMany(count: number, width: number, connect: () => Promise<RawConnection>): Promise<RawConnection[]> {
	const ends: RawConnection[] = [];
	let begun = 0;
	const worker = async () => {
		while (begun < count) {
			begun++;
			ends.push(await connect());
		}
	};
	await Promise.all(Array.from({length: width}, worker));
	return ends;
}

test.serial(`${CONCURRENT} connections stand at once, each with its own bytes`, async t => {
	await using lb = await startLoadBalancer({
		listeners: ['tcp:6379 -> tcp:6380'],
		backends: ECHOES,
		record: {exchanges: CONCURRENT},
	});

	const ends = await openMany(CONCURRENT, 100, () => open({port: lb.port(6379)}));
	const answers = await Promise.all(
		ends.map((end, index) => {
			const word = `connection ${String(index).padStart(4, '0')}`;
			end.stream.end(word);
			return end.readAll().then(heard => heard.toString() === word);
		}),
	);

	t.is(answers.filter(Boolean).length, CONCURRENT);
	t.deepEqual(lb.traffic.counts(), share(CONCURRENT));
	t.true([...lb.traffic].every(({outcome}) => outcome === 'ok'));
});

test.serial(`${TURNOVER} connections come and go, some of them rudely`, async t => {
	await using lb = await startLoadBalancer({
		listeners: ['tcp:6379 -> tcp:6380'],
		backends: ECHOES,
		record: {exchanges: 10},
	});
	let count = 0;
	let wrong = 0;

	await openMany(TURNOVER, 50, async () => {
		const nth = count++;
		const end = await open({port: lb.port(6379)});
		end.stream.write('ping');
		if ((await end.read(4)).toString() !== 'ping') wrong++;
		if (nth % 3 === 0) end.raw.resetAndDestroy();
		else if (nth % 3 === 1) end.stream.destroy();
		else {
			end.stream.end();
			await end.readAll();
		}
		return end;
	});

	t.is(wrong, 0);
	const counts = Object.values(lb.traffic.counts());
	t.is(
		counts.reduce((sum, each) => sum + each, 0),
		TURNOVER,
	);
	t.is(lb.traffic.length, 10);
	t.is(lb.traffic.forgotten, TURNOVER - 10);
});

test.serial(`${TLS_TURNOVER} TLS connections come and go`, async t => {
	await using lb = await startLoadBalancer({listeners: ['ssl:6379 -> tcp:6380'], backends: ECHOES, authority});
	let wrong = 0;

	await openMany(TLS_TURNOVER, 20, async () => {
		const end = await open({port: lb.port(6379), tls: trusting});
		end.stream.end('ping');
		if ((await end.readAll()).toString() !== 'ping') wrong++;
		return end;
	});

	t.is(wrong, 0);
	t.deepEqual(lb.traffic.counts(), share(TLS_TURNOVER));
});

/** Four back-ends get as many each. */
function share(count: number): Record<string, number> {
	return Object.fromEntries(['a', 'b', 'c', 'd'].map(name => [name, count / 4]));
}
