import {formatAddress} from '../base/errors.ts';
import type {LoadBalancer} from '../emulator/load-balancer.ts';
import type {Emulator} from '../emulator.ts';
import {columns, countOf, daysUntil, type Paint, printable} from './text.ts';

/** What runs: each load balancer with its DNS name, its listeners, their certificates, and its back-ends. */
export function bannerLines(emulator: Pick<Emulator, 'loadBalancers'>, paint: Paint): string[] {
	return emulator.loadBalancers.flatMap(loadBalancer => ['', ...loadBalancerLines(loadBalancer, paint)]);
}

function loadBalancerLines({name, dnsName, listeners, backends}: LoadBalancer, paint: Paint): string[] {
	const lines = [`${paint('name', name)}  ${dnsName}`];
	const bound = columns(listeners.map(({spec, host, boundPort}) => [spec, `on ${formatAddress(host, boundPort)}`]));
	for (const [index, {certificate}] of listeners.entries()) {
		lines.push(`  ${bound[index]}`);
		if (certificate === undefined) continue;
		const {names, notAfter, fingerprint256} = certificate;
		lines.push(`    certificate for ${printable(names.join(', '))}, ${daysLeft(notAfter)}`);
		lines.push(paint('faint', `    SHA-256 ${fingerprint256}`));
	}
	if (backends.length === 0) lines.push(`  ${paint('warning', 'no back-ends:')} every request is answered 503`);
	const rows = columns(backends.map(({name, kind, address}) => [printable(name), kind, printable(address)]));
	for (const [index, {state, reason}] of backends.entries()) {
		const shown = paint(state === 'InService' ? 'good' : 'warning', state);
		lines.push(`  back-end ${rows[index]}  ${shown}${reason === undefined ? '' : ` (${printable(reason)})`}`);
	}
	return lines;
}

function daysLeft(notAfter: Date): string {
	const days = daysUntil(notAfter);
	return notAfter.getTime() < Date.now() ? `expired ${countOf(-days, 'day')} ago` : `${countOf(days, 'day')} left`;
}
