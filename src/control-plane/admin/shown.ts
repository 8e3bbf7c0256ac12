import type {OwnContext} from './own-context.ts';
import type {AdminState, BackendState} from './state.ts';

export function stateOf({port, endpoint}: OwnContext): AdminState {
	const {version, ...rest} = port.state();
	return {version, revision: port.live.revision, endpoint, ...rest};
}

/** One entry of `GET /_lb/health`. */
type HealthEntry = {readonly loadBalancer: string; readonly backend: string} & Pick<
	BackendState,
	'state' | 'reason' | 'operator' | 'lastProbe'
>;

export function healthOf({loadBalancers}: AdminState): HealthEntry[] {
	return loadBalancers.flatMap(({name, backends}) =>
		backends.map(({name: backend, state, reason, operator, lastProbe}) => ({
			loadBalancer: name,
			backend,
			state,
			...(reason === undefined ? {} : {reason}),
			operator,
			...(lastProbe === undefined ? {} : {lastProbe}),
		})),
	);
}
