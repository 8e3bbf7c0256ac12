import {isIP} from '../base/ip.ts';
import {quote} from '../base/quote.ts';
import {alternatives} from '../base/suggest.ts';
import {type Account, loadBalancerNamed} from '../model/account.ts';
import type {AccountListener, AccountLoadBalancer} from '../model/account-load-balancer.ts';
import {changed, stateOf} from '../model/life.ts';
import {Refusal, type RefusalCode} from '../model/refusal.ts';
import type {Context} from './context.ts';

/** 1 to 65535: OUTSCALE API 1.40, ListenerForCreation.LoadBalancerPort and .BackendPort, HealthCheck.Port. */
const MAX_PORT = 65_535;

/** The load balancer of that name, when it may be changed. @throws Refusal */
export function changeable(account: Account, name: string, context: Context): AccountLoadBalancer {
	const loadBalancer = loadBalancerNamed(account, name);
	if (stateOf(loadBalancer.life, context) !== 'deleting') return loadBalancer;
	throw new Refusal('LOAD_BALANCER_NOT_READY', `load balancer ${quote(name)} is being deleted`, name);
}

/** The same load balancer with some of it changed, and the state that shows it. */
export function changing(
	loadBalancer: AccountLoadBalancer,
	changes: Partial<AccountLoadBalancer>,
	context: Context,
): AccountLoadBalancer {
	return {...loadBalancer, ...changes, life: changed(loadBalancer.life, context)};
}

/** @throws Refusal `NO_SUCH_LISTENER` */
export function listenerOn({name, listeners}: AccountLoadBalancer, port: number): AccountListener {
	const found = listeners.find(listener => listener.port === port);
	if (found !== undefined) return found;
	const ports = listeners.map(listener => String(listener.port));
	throw new Refusal(
		'NO_SUCH_LISTENER',
		`load balancer ${quote(name)} has no listener on port ${port}; there is ${alternatives(ports)}`,
		String(port),
		name,
	);
}

export function isPort(port: number): boolean {
	return Number.isInteger(port) && port >= 1 && port <= MAX_PORT;
}

/**
 * Validates an id: its prefix, and the hexadecimal digits behind it.
 *
 * @throws Refusal `BAD_ID_PREFIX` (recorded from OUTSCALE), `MALFORMED_ID`
 */
export function validateId(prefix: 'i' | 'sg' | 'subnet', id: string): void {
	if (!id.startsWith(`${prefix}-`)) {
		throw new Refusal(
			'BAD_ID_PREFIX',
			`Invalid ID received: ${quote(id)}. Expected format: ${prefix}-xxxxxxxx`,
			id,
			prefix,
		);
	}
	// 8 digits on OUTSCALE; 17 are AWS's, whose clients come here too.
	if (!/^[0-9a-f]{8}(?:[0-9a-f]{9})?$/.test(id.slice(prefix.length + 1))) {
		throw new Refusal(
			'MALFORMED_ID',
			`Malformed ID received: ${quote(id)}. Expected: ${prefix}- and 8 hexadecimal digits`,
			id,
			prefix,
		);
	}
}

/** Validates an IP address, version 4 or 6. @throws Refusal `BAD_PARAMETER_VALUE` */
export function validateIp(address: string): void {
	if (isIP(address) !== 0) return;
	throw new Refusal('BAD_PARAMETER_VALUE', `${quote(address)} is not an IP address`, address);
}

/** @throws Refusal with `code` when `count` is above what the quota allows */
export function validateQuota(code: RefusalCode, count: number, quota: number, what: string): void {
	if (count > quota) throw new Refusal(code, `${count} ${what} are more than the quota of ${quota}`, String(quota));
}
