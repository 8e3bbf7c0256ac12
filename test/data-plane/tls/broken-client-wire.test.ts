import test from 'ava';
import {startLoadBalancer} from '../../../src/index.ts';
import {ANSWER, ask, BREAKS, breakEverywhere, settled, VERSIONS} from '../../helpers/broken-wires.ts';
import {layWire} from '../../helpers/stream-forwarder.ts';
import {authority} from '../../helpers/stream-pairs.ts';

for (const version of VERSIONS) {
	for (const how of BREAKS) {
		test(`a wire to the client that breaks (${how}) at any byte of ${version} harms nobody else`, async t => {
			await using lb = await startLoadBalancer({
				listeners: ['ssl:6379 -> tcp:6380'],
				backends: [{kind: 'tcp', mode: 'source', data: ANSWER}],
				authority,
				record: {exchanges: 10_000},
			});
			const wires = await Promise.all(Array.from({length: 8}, () => layWire(lb.port(6379))));
			t.teardown(() => Promise.all(wires.map(wire => wire[Symbol.asyncDispose]())));
			t.is(await ask(wires[0]?.port ?? 0, version), ANSWER);
			const total = wires[0]?.carried ?? 0;

			await breakEverywhere(wires, {total, how}, async (wire, at) => {
				const heard = await ask(wire.port, version);
				if (heard !== 'no handshake' && heard !== 'cut') t.true(ANSWER.startsWith(heard), `${at}: ${heard}`);
			});

			t.true(total > 500, `${total} bytes`);
			t.true(await settled(lb));
		});
	}
}
