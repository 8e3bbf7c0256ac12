import {useEffect} from 'preact/hooks';
import {usePage} from '../parts/hooks.ts';
import {Text} from '../parts/text.tsx';
import {countOf} from '../time.ts';
import {FaultForm} from './fault-form.tsx';

/** What is armed, how often it has fired, and what arms one more. */
export function FaultsView() {
	const {store, controller} = usePage();
	useEffect(() => void controller.readFaults(), []);
	const {faults} = store;
	const remove = (id: number, text: string) =>
		void controller.act('DELETE', 'faults', {id}, `Removed the fault ${text}`).then(() => controller.readFaults());
	return (
		<>
			<h2>Faults</h2>
			{faults.length === 0 ? (
				<p class="empty">No fault is armed.</p>
			) : (
				// biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls has to be reached by the keyboard.
				<section class="scroll" tabIndex={0} aria-label="Armed faults, a table">
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
							{faults.map(({id, loadBalancer, text, hits}) => (
								<tr key={id}>
									<td>
										<Text of={loadBalancer ?? "the cloud's API"} />
									</td>
									<th scope="row">
										<code>
											<Text of={text} most={500} />
										</code>
									</th>
									<td class="number">{countOf(hits, 'time')}</td>
									<td>
										<button type="button" class="small" aria-label={`Remove ${text}`} onClick={() => remove(id, text)}>
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
