import {quote} from '../base/quote.ts';
import {type Account, loadBalancerNamed, type ServerCertificate, withLoadBalancer} from '../model/account.ts';
import type {AccessLogSettings, AccountListener, AccountLoadBalancer} from '../model/account-load-balancer.ts';
import {API_BOUNDS, type HealthCheck} from '../model/health-check.ts';
import {stateOf} from '../model/life.ts';
import {isSecure} from '../model/listener.ts';
import {Refusal} from '../model/refusal.ts';
import {logOf, validateAccessLog} from './access-log.ts';
import {type AskedCertificate, certificateAt} from './certificates.ts';
import type {Changed, Context, Operation} from './context.ts';
import {validateNegotiable, withStickiness} from './enabled-policies.ts';
import {validateHealthCheck} from './health-checks.ts';
import {certificateNotAllowed, referenceTo} from './listeners.ts';
import {securityGroupsOf, validatePublicIp} from './placement.ts';
import {samePair} from './uploaded-pem.ts';
import {changeable, changing, isPort, listenerOn, validateId, validateIp} from './validate.ts';

/** Parts of a load balancer; undefined leaves one as it is. */
export interface UpdateLoadBalancer {
	readonly name: string;
	/** The listener that `certificate` and `policies` are for. */
	readonly port: number | undefined;
	readonly certificate: AskedCertificate | undefined;
	/** The whole list; empty disables what is enabled. */
	readonly policies: readonly string[] | undefined;
	readonly healthCheck: HealthCheck | undefined;
	readonly accessLog: AccessLogSettings | undefined;
	readonly securedCookies: boolean | undefined;
	/** The whole list; empty stands for the Net's default one. */
	readonly securityGroups: readonly string[] | undefined;
	/** '' goes back to an address that the cloud lends. */
	readonly publicIp: string | undefined;
}

/**
 * UpdateLoadBalancer. The documents allow one part a call; Terraform's provider sends several and works, so all of them
 * are applied, or none.
 */
export const updateLoadBalancer: Operation<UpdateLoadBalancer, AccountLoadBalancer> = input => (account, context) => {
	validateUpdate(input, context);
	const before = loadBalancerNamed(account, input.name);
	const state = stateOf(before.life, context);
	if (state !== 'active') {
		throw new Refusal('LOAD_BALANCER_NOT_READY', `load balancer ${quote(input.name)} is ${state}`, input.name);
	}
	return updated(before, input, account, context);
};

/** The same of the ELB API, which shows no state of a load balancer: one that is being created may be changed. */
export const updateUnready: Operation<Partial<UpdateLoadBalancer> & {readonly name: string}, AccountLoadBalancer> =
	given => (account, context) => {
		const input = {...NOTHING, ...given};
		validateUpdate(input, context);
		return updated(changeable(account, input.name, context), input, account, context);
	};

const NOTHING: Omit<UpdateLoadBalancer, 'name'> = {
	port: undefined,
	certificate: undefined,
	policies: undefined,
	healthCheck: undefined,
	accessLog: undefined,
	securedCookies: undefined,
	securityGroups: undefined,
	publicIp: undefined,
};

function updated(
	before: AccountLoadBalancer,
	input: UpdateLoadBalancer,
	account: Account,
	context: Context,
): Changed<AccountLoadBalancer> {
	const after = changing(
		before,
		{
			listeners: listenersOf(before, input, account, context),
			healthCheck: input.healthCheck ?? before.healthCheck,
			...logOf(before, input.accessLog, context),
			securedCookies: input.securedCookies ?? before.securedCookies,
			placement: placementOf(before, input, account, context),
			publicIp: publicIpOf(before, input, account, context),
		},
		context,
	);
	return {account: withLoadBalancer({...account, serial: account.serial + 1}, after), result: after};
}

function validateUpdate(input: UpdateLoadBalancer, {strict}: Pick<Context, 'strict'>): void {
	const {port, certificate, policies, healthCheck, accessLog, securedCookies, securityGroups, publicIp} = input;
	const ofListener = certificate !== undefined || policies !== undefined;
	if (ofListener && port === undefined) {
		throw new Refusal('MISSING_PARAMETER', 'a certificate and policies are for one listener: give its port');
	}
	const parts = [healthCheck, accessLog, securedCookies, securityGroups, publicIp];
	if (!ofListener && parts.every(part => part === undefined)) {
		throw new Refusal('MISSING_PARAMETER', 'nothing to update: give at least one part of the load balancer');
	}
	if (port !== undefined && !isPort(port)) {
		const message = `load balancer port ${port} is not a port; allowed are 1 to 65535`;
		throw new Refusal('BAD_LISTENER_PORT', message, String(port));
	}
	if (healthCheck !== undefined) validateHealthCheck(healthCheck, API_BOUNDS);
	if (accessLog !== undefined) validateAccessLog(accessLog, strict);
	for (const id of securityGroups ?? []) validateId('sg', id);
	if (publicIp !== undefined && publicIp !== '') validateIp(publicIp);
}

function listenersOf(
	before: AccountLoadBalancer,
	{port, certificate, policies}: UpdateLoadBalancer,
	account: Account,
	{identifiers}: Context,
): readonly AccountListener[] {
	if (port === undefined || (certificate === undefined && policies === undefined)) return before.listeners;
	const listener = listenerOn(before, port);
	const found = certificate === undefined ? undefined : certificateAt(account, certificate, identifiers);
	if (found !== undefined && !isSecure(listener.protocol)) throw certificateNotAllowed(listener);
	const after: AccountListener = {
		...listener,
		certificateId: found?.id ?? listener.certificateId,
		certificate: isShown(found, listener, account) ? listener.certificate : referenceTo(found),
		policies: policies === undefined ? listener.policies : withStickiness(before, listener, policies),
	};
	validateNegotiable(after, before.policies, found);
	return before.listeners.map(each => (each === listener ? after : each));
}

/** Whether a listener shows these bytes already, or goes on with what it shows. */
function isShown(
	found: ServerCertificate | undefined,
	{certificateId = ''}: AccountListener,
	{certificates}: Account,
): boolean {
	const shown = certificates.get(certificateId);
	return found === undefined || (shown !== undefined && samePair(found.pair, shown.pair));
}

function placementOf(
	{placement}: AccountLoadBalancer,
	{securityGroups}: UpdateLoadBalancer,
	{inventory}: Account,
	context: Context,
): AccountLoadBalancer['placement'] {
	if (securityGroups === undefined) return placement;
	if (placement.kind === 'public') {
		throw new Refusal('GROUPS_OUTSIDE_NET', 'security groups go with a load balancer in a Net only');
	}
	return {...placement, securityGroups: securityGroupsOf(securityGroups, placement.netId, inventory, context)};
}

function publicIpOf(
	{name, scheme, publicIp}: AccountLoadBalancer,
	asked: UpdateLoadBalancer,
	account: Account,
	{identifiers}: Context,
): AccountLoadBalancer['publicIp'] {
	if (asked.publicIp === undefined) return publicIp;
	if (scheme === 'internal') throw new Refusal('ILLEGAL_COMBINATION', 'an internal load balancer has no public IP');
	if (asked.publicIp !== '') {
		validatePublicIp(account, asked.publicIp, name);
		return {address: asked.publicIp, own: true};
	}
	return publicIp?.own === false ? publicIp : {address: identifiers.publicIp(account.serial), own: false};
}
