import {usePage} from '../parts/hooks.ts';
import {Text} from '../parts/text.tsx';
import {duration, grouped, timeOfDay} from '../time.ts';
import type {LoggedCall} from '../wire.ts';

/** As many of the latest calls as are shown. */
const MOST = 200;

/** The latest calls of the cloud's APIs, the newest first. */
export function CallsView() {
	const {store} = usePage();
	const shown = store.calls.slice(-MOST).reverse();
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
						{shown.length} of {grouped(store.totalCalls)} calls
					</p>
					{/* biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls has to be reached by the keyboard. */}
					<section class="scroll" tabIndex={0} aria-label="Calls, a table">
						<table>
							<caption class="hidden">Calls of the cloud's APIs, the newest first</caption>
							<thead>
								<tr>
									<th scope="col" class="number">
										No.
									</th>
									<th scope="col">Time</th>
									<th scope="col">Action</th>
									<th scope="col">API</th>
									<th scope="col" class="number">
										Status
									</th>
									<th scope="col" class="number">
										Time taken
									</th>
									<th scope="col">Error</th>
									<th scope="col">Had no effect here</th>
								</tr>
							</thead>
							<tbody>
								{shown.map(call => (
									<Call key={call.number} {...call} />
								))}
							</tbody>
						</table>
					</section>
				</>
			)}
		</>
	);
}

function Call({number, at, action, api, status, ms, error, unread}: LoggedCall) {
	return (
		<tr class={status >= 400 ? 'failed' : ''}>
			<td class="number">{number}</td>
			<td>{timeOfDay(Date.parse(at))}</td>
			<th scope="row">
				<Text of={action} />
			</th>
			<td>{api === 'oapi' ? 'OUTSCALE' : 'ELB'}</td>
			<td class="number">{status}</td>
			<td class="number">{duration(ms)}</td>
			<td class={error && 'reason'}>
				{error !== undefined && <Text of={`${error.code}: ${error.details}`} most={400} />}
			</td>
			<td class={unread.length > 0 ? 'reason' : ''}>
				{unread.length > 0 && (
					<mark>
						<Text of={unread.join(', ')} most={400} />
					</mark>
				)}
			</td>
		</tr>
	);
}
