import type {Column} from '../parts/table.tsx';
import {Text} from '../parts/text.tsx';
import {duration, timeOf} from '../time.ts';
import type {ExchangeSummary} from '../wire.ts';

/** What the list shows of an exchange. What is read most stands to the left: beside a detail there is room for half of it. */
export const columnsOn = (today: string): readonly Column<ExchangeSummary>[] => [
	{name: 'Id', kind: 'id number', cell: ({id}) => id},
	{name: 'Time', kind: 'time', cell: ({at}) => timeOf(at, today)},
	{name: 'Listener', kind: 'listener', cell: listenerOf},
	{name: 'Method', kind: 'method', cell: ({method, kind}) => <Text of={method === '' ? kind : method} most={20} />},
	{name: 'Status', kind: 'status-cell number', cell: ({status, open}) => (status === 0 ? (open ? '…' : '–') : status)},
	{name: 'Target', kind: 'target', cell: row => <Target {...row} />},
	{name: 'Back-end', kind: 'backend', cell: row => <BackendCell {...row} />},
	{name: 'Took', kind: 'ms number', cell: ({ms, open}) => (open ? '…' : duration(ms))},
	{name: 'Outcome', kind: 'outcome', cell: ({outcome}) => outcome},
];

/** As much of a listener as there is room for. */
const MOST = 13;

/** Its beginning and its end: the port is there, and names that one program gives differ there as well. */
function listenerOf({lb, port}: ExchangeSummary): string {
	const text = `${lb}:${port}`;
	return text.length > MOST ? `${text.slice(0, 5)}…${text.slice(-7)}` : text;
}

function Target({target, host, cut}: ExchangeSummary) {
	return (
		<>
			<Text of={target} most={200} />
			{cut === true && '…'}{' '}
			<span class="quiet">
				<Text of={host} most={80} />
			</span>
		</>
	);
}

function BackendCell({backend, why}: ExchangeSummary) {
	if (backend === undefined) return '–';
	return (
		<>
			<Text of={backend} most={60} />
			{why !== undefined && (
				<span class="quiet">
					{' '}
					<Text of={why} most={60} />
				</span>
			)}
		</>
	);
}
