import {usePage} from '../parts/hooks.ts';
import {type Column, Table} from '../parts/table.tsx';
import {Badge, Text} from '../parts/text.tsx';
import {ago, duration} from '../time.ts';
import type {BackendState} from '../wire.ts';
import {BackendActions} from './backend-actions.tsx';

/** The back-ends of a load balancer: state, reason, and what can be done with each. */
export function Backends({
	loadBalancer,
	backends,
	most,
}: {
	readonly loadBalancer: string;
	readonly backends: readonly BackendState[];
	readonly most: number;
}) {
	if (backends.length === 0) return <p class="empty">No back-ends: every request is answered 503.</p>;
	const actions: Column<BackendState> = {
		name: 'Actions',
		kind: 'actions',
		cell: backend => <BackendActions loadBalancer={loadBalancer} backend={backend} />,
	};
	return (
		<Table
			label={`Back-ends of ${loadBalancer}`}
			columns={[...COLUMNS, actions]}
			rows={backends}
			most={most}
			keyOf={({name}) => name}
		/>
	);
}

const COLUMNS: readonly Column<BackendState>[] = [
	{
		name: 'Back-end',
		kind: 'title',
		cell: ({name, kind}) => (
			<>
				<Text of={name} /> <span class="quiet">{kind}</span>
			</>
		),
	},
	{name: 'Address', kind: 'address', cell: ({address}) => <Text of={address} />},
	{
		name: 'State',
		kind: 'state',
		cell: backend => (
			<>
				<StateBadge {...backend} />
				{backend.operator !== 'auto' && <span class="quiet"> by hand</span>}
			</>
		),
	},
	{name: 'Reason or last probe', kind: 'reason', cell: backend => <Reason {...backend} />},
	{name: 'In flight', kind: 'number', cell: ({inFlight}) => inFlight},
	{
		name: 'Share',
		kind: 'number',
		cell: ({share}) => (share === undefined ? '–' : `${Math.round(share * 100)} %`),
	},
];

/** How many such results there were in a row, and of how many that turn the state: `1 of 2`. */
function inARow({state, lastProbe, consecutive, operator}: BackendState): string {
	if (consecutive === undefined) return '';
	const {passes, failures, needed} = consecutive;
	const passed = lastProbe?.result === 'pass';
	const count = passed ? passes : failures;
	// What is set by hand, no result turns.
	return operator !== 'auto' || passed === (state === 'InService')
		? ` (${count} in a row)`
		: ` (${count} of ${needed})`;
}

function StateBadge({state}: BackendState) {
	return state === 'InService' ? <Badge kind="good">in service</Badge> : <Badge kind="bad">out</Badge>;
}

/** Why it is out, and what the last probe found. */
function Reason(backend: BackendState) {
	const {state, reason, lastProbe, operator, running} = backend;
	const {store} = usePage();
	const probe = lastProbe && (
		<>
			<Text of={`${lastProbe.target} ${lastProbe.result === 'pass' ? 'passed' : `→ ${lastProbe.result}`}`} />
			{inARow(backend)}
			<span class="quiet">
				, {duration(lastProbe.ms)}, {ago(Date.parse(lastProbe.at), store.nowMs)}
			</span>
		</>
	);
	const saysProbe = state === 'InService' || (operator === 'auto' && lastProbe !== undefined);
	return (
		<>
			{running === false && <strong>Stopped. </strong>}
			{!saysProbe && <Text of={`${reason} `} />}
			{probe ?? (saysProbe && '–')}
		</>
	);
}
