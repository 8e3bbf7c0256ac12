import {loadBalancerNamed, type UsableCertificate, withLoadBalancer} from '../model/account.ts';
import type {CertificateReference} from '../model/normalised.ts';
import type {Operation} from './context.ts';
import {validateNegotiable} from './enabled-policies.ts';
import {certificateOf, withoutUnused} from './kept-certificates.ts';

/** Another certificate for one listener, by its logical port. */
export interface SetCertificate {
	readonly loadBalancer: string;
	readonly port: number;
	/** What was asked for, and what that is; one that the configuration names is looked up in the account. */
	readonly reference: CertificateReference;
	readonly certificate: UsableCertificate;
}

/** `setCertificate()` of the library. @throws Refusal `NO_SUCH_LOAD_BALANCER`, `POLICY_UNUSABLE` */
export const setCertificate: Operation<SetCertificate, undefined> =
	({loadBalancer: name, port, reference, certificate}) =>
	(account, context) => {
		const before = loadBalancerNamed(account, name);
		const asked = {port, reference, given: certificate, loadBalancer: name, isKeptAt: () => true};
		const shown = certificateOf(asked, account, context);
		const listeners = before.listeners.map(each => {
			if (each.port !== port) return each;
			validateNegotiable(each, before.policies, certificate);
			return {...each, certificate: reference, certificateId: shown.id};
		});
		const after = withLoadBalancer(shown.account, {...before, listeners});
		return {account: withoutUnused(after, name), result: undefined};
	};
