import {Some} from '../parts/some.tsx';
import {Text} from '../parts/text.tsx';
import type {WireExchange} from '../wire.ts';

/** Why it went to its back-end, or to none: rules, cookie, and every back-end that was looked at. */
export function WhyPart({exchange}: {readonly exchange: WireExchange}) {
	const {why, attempts} = exchange;
	const {rules, sticky, candidates} = why;
	return (
		<section class="why" aria-labelledby="why-title">
			<h3 id="why-title">
				Why: <Text of={outcomeOf(exchange)} />
			</h3>
			<ul>
				{rules.map(({priority, name = '', matched}) => (
					<li key={priority}>
						<Text of={`rule ${priority} ${name}`} /> {matched ? 'matched' : 'did not match'}
					</li>
				))}
				{sticky !== undefined && (
					<li>
						cookie <Text of={sticky.cookie} />: {STICKY[sticky.verdict]}
						{sticky.backend !== undefined && <Text of={` (${sticky.backend})`} />}
					</li>
				)}
			</ul>
			<Some of={candidates} most={50}>
				{shown =>
					shown.length > 0 && (
						<table>
							<caption>Back-ends in the order of their turns</caption>
							<tbody>
								{shown.map(({backend: name, verdict, reason}) => (
									<tr key={name} class={verdict}>
										<th scope="row">
											<Text of={name} />
										</th>
										<td>
											{VERDICTS[verdict]}
											{reason !== undefined && reason !== '' && <Text of={`: ${reason}`} most={500} />}
										</td>
									</tr>
								))}
							</tbody>
						</table>
					)
				}
			</Some>
			{attempts.length > 1 && (
				<ol class="attempts" aria-label="Attempts">
					{attempts.map(({backend: name, reused, end, cause}, index) => (
						<li key={`${index} ${name}`}>
							<Text of={name} /> {reused ? 'on a kept connection' : 'on a new connection'}: {end}
							{cause !== '' && <Text of={`, ${cause}`} most={500} />}
						</li>
					))}
				</ol>
			)}
		</section>
	);
}

function outcomeOf({backend, why}: WireExchange): string {
	if (backend !== undefined) return `it went to ${backend.name}`;
	// A fault, a handshake or a request head came in between.
	return why.candidates.length === 0 ? 'no back-end was asked' : 'nobody could take it';
}

const VERDICTS = {
	chosen: 'chosen',
	skipped: 'skipped',
	'refused-connection': 'not reached',
	'not-tried': 'not needed',
} as const;

const STICKY = {
	kept: 'kept the client at its back-end',
	gone: 'named a back-end that could not get it',
	none: 'none came',
	expired: 'had expired',
} as const;
