// What the control port sends, by the types of those who write it.
import type {ClientHello} from '../codec/client-hello.ts';
import type {Connection} from '../control-plane/admin/admin-api.ts';
import type {ShownFault as FaultState} from '../control-plane/admin/faults.ts';
import type {AdminState, BackendState, LoadBalancerState} from '../control-plane/admin/state.ts';
import type {TrafficPage, WireExchange} from '../control-plane/admin/traffic.ts';
import type {LoggedCall} from '../control-plane/call-log.ts';
import type {ExchangeSummary} from '../observability/summary.ts';

export type {
	AdminState,
	BackendState,
	ClientHello,
	Connection,
	ExchangeSummary,
	FaultState,
	LoadBalancerState,
	LoggedCall,
	TrafficPage,
	WireExchange,
};

export type ListenerState = LoadBalancerState['listeners'][number];

/** What the event `exchanges` tells of. */
export interface ExchangesEvent {
	readonly opened: readonly ExchangeSummary[];
	readonly ended: readonly ExchangeSummary[];
	/** How many more there were. */
	readonly dropped?: number;
}

/** A piece of advice: see `docs/advice.md`. */
export type AdviceState = LoadBalancerState['advice'][number];

export function adviceIn(state: AdminState | undefined): readonly AdviceState[] {
	return (state?.loadBalancers ?? []).flatMap(({advice}) => advice);
}
