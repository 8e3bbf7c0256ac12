import {usePage} from '../parts/hooks.ts';
import {Prose} from '../parts/prose.tsx';
import {Some} from '../parts/some.tsx';
import {Badge, Text} from '../parts/text.tsx';
import {countOf} from '../time.ts';
import {type AdviceState, adviceIn} from '../wire.ts';

/** What works here and will bite in production: found in the traffic. */
export function AdviceView() {
	const {store} = usePage();
	const all = adviceIn(store.state);
	return (
		<>
			<h2>Advice</h2>
			{all.length === 0 && <p class="empty">Nothing that was seen so far would bite in production.</p>}
			<Some of={all}>
				{shown =>
					shown.map(each => (
						<Piece key={`${each.loadBalancer} ${each.code} ${each.backend} ${each.listener}`} {...each} />
					))
				}
			</Some>
		</>
	);
}

function Piece({code, loadBalancer, backend, listener, certainty, message, fix, count, seen, probe}: AdviceState) {
	const {go} = usePage();
	const where = backend ?? (listener === undefined ? undefined : `listener ${listener}`);
	return (
		<section class="card" aria-label={`${code} at ${where ?? loadBalancer}`}>
			<h3>
				<code>{code}</code>{' '}
				<span class="quiet">
					<Text of={where === undefined ? loadBalancer : `${loadBalancer}, ${where}`} />
				</span>{' '}
				<Badge kind="busy">{`seen ${countOf(count, 'time')}`}</Badge>
			</h3>
			<p>
				<Prose of={message} /> <span class="quiet">({certainty})</span>
			</p>
			<p>
				<strong>What to do:</strong> <Prose of={fix} />
			</p>
			{probe !== undefined && (
				<p class="quiet">
					Probe <Text of={`${probe.target} at ${probe.address}: ${probe.result}`} most={500} />
				</p>
			)}
			{seen !== undefined && (
				<button
					type="button"
					class="small"
					onClick={() => go({view: 'traffic', filter: '', exchange: {lb: loadBalancer, id: seen.id}})}
				>
					{`Exchange ${seen.id} shows it`}
				</button>
			)}
		</section>
	);
}
