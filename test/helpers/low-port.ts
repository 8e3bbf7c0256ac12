// A process without the privilege to bind low ports, even when root started it. Tells what came of trying, and leaves.
import {EmulatorError, startLoadBalancer} from '../../src/index.ts';

const loaded = await startLoadBalancer({listeners: ['tcp:80'], backends: 1, ports: 'free'});
await loaded.stop();
// 65534: nobody. Without the effective user 0 the system takes the capability away.
if (process.geteuid?.() === 0) process.seteuid?.(65_534);

const high = Number(process.argv[2]);
let refused: unknown;
try {
	await startLoadBalancer({listeners: [`tcp:${high} -> tcp:1`, 'tcp:80 -> tcp:1'], backends: 1, ports: 'exact'});
} catch (error) {
	if (!(error instanceof EmulatorError)) throw error;
	refused = {code: error.code, message: error.message, hint: error.hint};
}
// Nothing of the first attempt is left: its other port can be had.
const second = await startLoadBalancer({listeners: [`tcp:${high} -> tcp:1`], backends: 1, ports: 'exact'});
const bound = second.port(high);
await second.stop();
process.send?.({refused, bound});
process.disconnect?.();
