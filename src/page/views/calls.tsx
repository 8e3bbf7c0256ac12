import {usePage, useToday} from '../parts/hooks.ts';
import {type Column, Table} from '../parts/table.tsx';
import {Text} from '../parts/text.tsx';
import {duration, grouped, timeOf} from '../time.ts';
import type {LoggedCall} from '../wire.ts';

/** The latest calls of the cloud's APIs, the newest first. */
export function CallsView() {
	const {store} = usePage();
	const today = useToday();
	const shown = [...store.calls].reverse();
	return (
		<>
			<h2>Cloud API</h2>
			{shown.length === 0 ? (
				<p class="empty">
					Nobody has called the cloud's API yet. <code>eval "$(lb-local env)"</code> points clients at it.
				</p>
			) : (
				<>
					<p class="counts">
						{grouped(shown.length)} of {grouped(store.totalCalls)} calls
					</p>
					<Table
						label="Calls, the newest first"
						columns={columnsOn(today)}
						rows={shown}
						keyOf={keyOf}
						classOf={classOf}
					/>
				</>
			)}
		</>
	);
}

const keyOf = ({number}: LoggedCall) => number;
const classOf = ({status}: LoggedCall) => (status >= 400 ? 'failed' : '');

const columnsOn = (today: string): readonly Column<LoggedCall>[] => [
	{name: 'No.', kind: 'number', cell: ({number}) => number},
	{name: 'Time', kind: '', cell: ({at}) => timeOf(Date.parse(at), today)},
	{name: 'Action', kind: 'title', cell: ({action}) => <Text of={action} />},
	{name: 'API', kind: '', cell: ({api}) => (api === 'oapi' ? 'OUTSCALE' : 'ELB')},
	{name: 'Status', kind: 'number status-cell', cell: ({status}) => status},
	{name: 'Time taken', kind: 'number', cell: ({ms}) => duration(ms)},
	{
		name: 'Error',
		kind: 'reason',
		cell: ({error}) => error && <Text of={`${error.code}: ${error.details}`} most={400} />,
	},
	{
		name: 'Had no effect here',
		kind: 'reason',
		cell: ({unread}) =>
			unread.length > 0 && (
				<mark>
					<Text of={unread.join(', ')} most={400} />
				</mark>
			),
	},
];
