import {useEffect} from 'preact/hooks';
import {usePage} from '../parts/hooks.ts';
import {type Column, Table} from '../parts/table.tsx';
import {Text} from '../parts/text.tsx';
import {countOf} from '../time.ts';
import type {FaultState} from '../wire.ts';
import {FaultForm} from './fault-form.tsx';

/** What is armed, how often it has fired, and what arms one more. */
export function FaultsView() {
	const {store, controller} = usePage();
	useEffect(() => void controller.readFaults(), []);
	const {faults} = store;
	const remove = ({loadBalancer, id, text}: FaultState) => {
		const which = {...(loadBalancer === undefined ? {} : {loadBalancer}), id};
		void controller.act('DELETE', 'faults', which, `Removed the fault ${text}`).then(() => controller.readFaults());
	};
	const columns: readonly Column<FaultState>[] = [
		{name: 'Load balancer', kind: '', cell: fault => <Text of={placeOf(fault)} />},
		{
			name: 'Fault',
			kind: 'title',
			cell: ({text}) => (
				<code>
					<Text of={text} most={500} />
				</code>
			),
		},
		{name: 'Fired', kind: 'number', cell: ({hits}) => countOf(hits, 'time')},
		{
			name: 'Actions',
			kind: 'actions',
			cell: fault => (
				<button
					type="button"
					class="small"
					aria-label={`Remove ${fault.text} of ${placeOf(fault)}`}
					onClick={() => remove(fault)}
				>
					Remove
				</button>
			),
		},
	];
	return (
		<>
			<h2>Faults</h2>
			{faults.length === 0 ? (
				<p class="empty">No fault is armed.</p>
			) : (
				<Table label="Armed faults" columns={columns} rows={faults} keyOf={keyOf} />
			)}
			<FaultForm />
		</>
	);
}

const placeOf = ({loadBalancer = "the cloud's API"}: FaultState) => loadBalancer;

const keyOf = ({loadBalancer, id}: FaultState) => `${loadBalancer} ${id}`;
