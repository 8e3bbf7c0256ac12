import test from 'ava';
import {startLoadBalancer} from '../../../src/index.ts';
import {ANSWER, ask, BREAKS, breakEverywhere, settled, VERSIONS} from '../../helpers/broken-wires.ts';
import {startStreamBackend} from '../../helpers/raw-backend.ts';
import {layWire} from '../../helpers/stream-forwarder.ts';
import {authority, serverPair} from '../../helpers/stream-pairs.ts';

for (const version of VERSIONS) {
	for (const how of BREAKS) {
		test(`a wire to the back-end that breaks (${how}) at any byte of ${version} shows to the client`, async t => {
			await using server = await startStreamBackend({
				tls: serverPair,
				serve: ({stream}) => void stream.resume().end(ANSWER),
			});
			const lanes = await Promise.all(
				Array.from({length: 8}, async () => {
					const wire = await layWire(server.port);
					const lb = await startLoadBalancer({
						listeners: ['ssl:6379 -> ssl:6380'],
						backends: [{kind: 'address', host: '127.0.0.1', port: wire.port}],
						authority,
						record: {exchanges: 10_000},
					});
					t.teardown(async () => {
						await lb.stop();
						await wire[Symbol.asyncDispose]();
					});
					return {wire, lb};
				}),
			);
			const lbOf = new Map(lanes.map(({wire, lb}) => [wire, lb]));
			const wires = [...lbOf.keys()];
			t.is(await ask(lanes[0]?.lb.port(6379) ?? 0, version), ANSWER);
			const total = wires[0]?.carried ?? 0;

			await breakEverywhere(wires, {total, how}, async (wire, at) => {
				const endsFirst = at % 2 === 1;
				const heard = await ask(lbOf.get(wire)?.port(6379) ?? 0, version, {endsFirst});
				// The last bytes are the two sides' ends, which may cross.
				if (how === 'reset' && heard !== ANSWER) t.true(['cut', 'no handshake'].includes(heard), `${at}: ${heard}`);
				else if (heard !== 'no handshake' && heard !== 'cut') t.true(ANSWER.startsWith(heard), `${at}: ${heard}`);
			});

			t.true(total > 500, `${total} bytes`);
			for (const {lb} of lanes) t.true(await settled(lb));
		});
	}
}
