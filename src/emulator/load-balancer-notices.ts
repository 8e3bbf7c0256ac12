import type {RunningLoadBalancer} from '../data-plane/running-load-balancer.ts';
import {type Account, runningIn} from '../model/account.ts';
import {certificatesOf} from '../model/resolve.ts';
import {warningsOf} from './listener-certificates.ts';
import type {Notices} from './notices.ts';
import type {ReadOptions} from './options.ts';
import {fallbackNotices} from './ports.ts';
import {warningsOfDurations} from './short-durations.ts';

/**
 * Says of a load balancer what holds after a change: ports that were taken in place of others, and what will surprise.
 *
 * @param about `bound`: its listeners, where they were bound anew.
 */
export function updateNotices(
	loadBalancer: string,
	about: {
		readonly account: Account;
		readonly bound: RunningLoadBalancer['listeners'] | undefined;
		readonly notices: Notices;
		readonly options: Pick<ReadOptions, 'ports'>;
	},
): void {
	const {account, bound, notices, options} = about;
	const described = runningIn(account, loadBalancer);
	if (described === undefined) return;
	if (bound !== undefined) {
		const texts = fallbackNotices(loadBalancer, bound, options.ports);
		notices.replace({level: 'note', topic: 'ports', loadBalancer}, texts);
	}
	// Those of the configuration's certificates are reported under their names.
	const own = [...certificatesOf(described, account)].filter(([, {configuredAs}]) => configuredAs === undefined);
	const ofCertificates = warningsOf(loadBalancer, new Map(own));
	notices.replace({level: 'warning', topic: 'certificate', loadBalancer}, ofCertificates);
	const ofDurations = warningsOfDurations(described, `${loadBalancer}, durations: `);
	notices.replace({level: 'warning', topic: 'durations', loadBalancer}, ofDurations);
}
