import {useEffect} from 'preact/hooks';
import {useKeptFocus, usePage} from '../parts/hooks.ts';
import {Text} from '../parts/text.tsx';
import {countOf} from '../time.ts';
import type {FaultState} from '../wire.ts';
import {FaultForm} from './fault-form.tsx';

/** What is armed, how often it has fired, and what arms one more. */
export function FaultsView() {
	const {store, controller} = usePage();
	useEffect(() => void controller.readFaults(), []);
	const {faults} = store;
	const ref = useKeptFocus<HTMLElement>();
	const remove = ({loadBalancer, id, text}: FaultState) => {
		const which = {...(loadBalancer === undefined ? {} : {loadBalancer}), id};
		void controller.act('DELETE', 'faults', which, `Removed the fault ${text}`).then(() => controller.readFaults());
	};
	return (
		<>
			<h2>Faults</h2>
			{faults.length === 0 ? (
				<p class="empty">No fault is armed.</p>
			) : (
				// biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls has to be reached by the keyboard.
				<section ref={ref} class="scroll" tabIndex={0} aria-label="Armed faults, a table">
					<table>
						<caption class="hidden">Armed faults</caption>
						<thead>
							<tr>
								<th scope="col">Load balancer</th>
								<th scope="col">Fault</th>
								<th scope="col" class="number">
									Fired
								</th>
								<th scope="col">Actions</th>
							</tr>
						</thead>
						<tbody>
							{faults.map(fault => (
								<tr key={`${fault.loadBalancer} ${fault.id}`}>
									<td>
										<Text of={fault.loadBalancer ?? "the cloud's API"} />
									</td>
									<th scope="row" class="reason">
										<code>
											<Text of={fault.text} most={500} />
										</code>
									</th>
									<td class="number">{countOf(fault.hits, 'time')}</td>
									<td>
										<button
											type="button"
											class="small"
											aria-label={`Remove ${fault.text}`}
											onClick={() => remove(fault)}
										>
											Remove
										</button>
									</td>
								</tr>
							))}
						</tbody>
					</table>
				</section>
			)}
			<FaultForm />
		</>
	);
}
