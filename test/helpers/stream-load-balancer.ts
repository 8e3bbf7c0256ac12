// A load balancer in a process of its own, whose memory can be told from its clients' and its back-ends'.
import {type LoadBalancerSpec, startLoadBalancer} from '../../src/index.ts';

/** What the parent sends: first the description, then, at any time, the wish to begin measuring anew or to end. */
export type Order = {readonly start: LoadBalancerSpec} | 'measure' | 'report' | 'stop';

/** What it is told. */
export interface Report {
	readonly ports?: Record<number, number>;
	readonly ca?: string;
	/** How far the resident memory rose above where it was at `measure`, in bytes. */
	readonly grownBytes?: number;
}

let stop: (() => Promise<void>) | undefined;
let base = 0;
let peak = 0;
const sample = () => {
	peak = Math.max(peak, process.memoryUsage.rss());
};

async function obey(order: Order): Promise<void> {
	if (order === 'measure') {
		base = process.memoryUsage.rss();
		peak = base;
		setInterval(sample, 20).unref();
	} else if (order === 'report') {
		sample();
		tell({grownBytes: peak - base});
	} else if (order === 'stop') {
		await stop?.();
		process.disconnect();
	} else {
		const lb = await startLoadBalancer(order.start);
		stop = () => lb.stop();
		const ports = lb.listeners.map(({port, boundPort}) => [port, boundPort]);
		tell({ports: Object.fromEntries(ports), ca: lb.ca.pem});
	}
}

function tell(report: Report): void {
	process.send?.(report);
}

process.on('message', (order: Order) => void obey(order));
