import type {Counted} from '../control-plane/admin/metrics.ts';
import type {RecordedTraffic} from '../control-plane/admin/traffic.ts';
import type {ManagedLoadBalancer} from './managed-load-balancer.ts';

type Recording = Pick<ManagedLoadBalancer, 'name' | 'dnsName' | 'running'>;

/** What a load balancer has recorded, for the control port. */
export function recordedTraffic({name, dnsName, running}: Recording): RecordedTraffic {
	const {journal} = running;
	return {
		loadBalancer: name,
		dnsName,
		get listeners() {
			return running.listeners.map(({description: {port}, bound}) => ({
				port,
				host: bound.host,
				boundPort: bound.port,
			}));
		},
		records: journal.records,
		forgotten: journal.forgotten,
		find: id => journal.find(id),
		clear: () => journal.clear(),
	};
}

/** What a load balancer has counted, for the control port. */
export function countedBy({name, running: {journal, listeners}}: Recording): Counted {
	return {
		loadBalancer: name,
		tallies: journal.tallies,
		forgotten: journal.forgottenInAll,
		connections: listeners.map(({description: {port}, connections}) => ({listener: port, open: connections.size})),
	};
}
