import {formatAddress} from '../base/errors.ts';
import {wallMs} from '../base/timers.ts';
import type {BackendStatus, ListenerStatus} from '../emulator/load-balancer.ts';
import {type ProbeResult, whyOut} from '../model/health.ts';
import {columns, countOf, daysUntil, type Paint, printable} from './text.ts';

/** The shown fields of a load balancer, of this process or of another. */
export interface ShownLoadBalancer {
	readonly name: string;
	readonly dnsName: string;
	/** The cloud's word for its state; `active` is the normal state and not shown. */
	readonly state?: string;
	readonly listeners: readonly (Pick<ListenerStatus, 'spec' | 'host' | 'boundPort'> & {
		readonly certificate?: Pick<NonNullable<ListenerStatus['certificate']>, 'names' | 'notAfter' | 'fingerprint256'>;
	})[];
	readonly backends: readonly (Pick<BackendStatus, 'name' | 'kind' | 'address' | 'reason'> & {
		readonly state: string;
		readonly operator: string;
		/** False for one of lb-local's own that is stopped. */
		readonly running?: boolean;
		readonly health: {readonly lastProbe?: Pick<ProbeResult, 'target' | 'result'> | undefined};
	})[];
}

/**
 * The lines that show each load balancer with its DNS name, its listeners, their certificates, and its back-ends.
 *
 * @param silent addresses at which nothing listens.
 */
export function bannerLines(
	emulator: {readonly loadBalancers: readonly ShownLoadBalancer[]},
	paint: Paint,
	silent: ReadonlyMap<string, string> = new Map(),
): string[] {
	return emulator.loadBalancers.flatMap(loadBalancer => ['', ...loadBalancerLines(loadBalancer, paint, silent)]);
}

function loadBalancerLines(
	{name, dnsName, state: life = 'active', listeners, backends}: ShownLoadBalancer,
	paint: Paint,
	silent: ReadonlyMap<string, string>,
): string[] {
	const shownLife = life === 'active' ? '' : `  ${paint('warning', printable(life))}`;
	const lines = [`${paint('name', printable(name))}  ${printable(dnsName)}${shownLife}`];
	const bound = columns(
		listeners.map(({spec, host, boundPort}) => [printable(spec), `on ${formatAddress(printable(host), boundPort)}`]),
	);
	for (const [index, {certificate}] of listeners.entries()) {
		lines.push(`  ${bound[index]}`);
		if (certificate === undefined) continue;
		const {names, notAfter, fingerprint256} = certificate;
		lines.push(`    certificate for ${printable(names.join(', '))}, ${daysLeft(notAfter)}`);
		lines.push(paint('faint', `    SHA-256 ${printable(fingerprint256)}`));
	}
	if (backends.length === 0) lines.push(`  ${paint('warning', 'no back-ends:')} every request is answered 503`);
	const rows = columns(backends.map(({name, kind, address}) => [printable(name), kind, printable(address)]));
	for (const [index, {state, reason, operator, running = true, address, health}] of backends.entries()) {
		const shown = paint(state === 'InService' ? 'good' : 'warning', printable(state));
		const why = reason === undefined ? '' : ` (${printable(whyOut({operator, reason, lastProbe: health.lastProbe}))})`;
		const stopped = running ? '' : `, ${paint('warning', 'stopped')}`;
		const where = silent.get(address);
		const note = where === undefined ? '' : `, ${paint('warning', `nothing listens at ${where}`)}`;
		lines.push(`  back-end ${rows[index]}  ${shown}${why}${stopped}${note}`);
	}
	return lines;
}

function daysLeft(notAfter: Date): string {
	const days = daysUntil(notAfter);
	return notAfter.getTime() < wallMs() ? `expired ${countOf(-days, 'day')} ago` : `${countOf(days, 'day')} left`;
}
