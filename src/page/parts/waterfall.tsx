import {phasesOf} from '../phases.ts';
import {duration} from '../time.ts';
import type {WireExchange} from '../wire.ts';

interface Props {
	readonly ms: WireExchange['ms'];
	/** Whether it goes on: nobody knows yet how long it takes. */
	readonly isOpen: boolean;
}

export function Waterfall({ms, isOpen}: Props) {
	const phases = phasesOf(ms, isOpen);
	const start = Math.min(0, ...phases.map(({from}) => from));
	const whole = Math.max(0.001, ...phases.map(({from, ms: length}) => from + length - start));
	return (
		<table class="waterfall">
			<caption>
				Timing: {isOpen ? 'it is still open' : `${duration(ms.total)} in total`}
				{ms.tls !== undefined && `, after a TLS handshake of ${duration(ms.tls)}`}
			</caption>
			<tbody>
				{phases.map(({name, from, ms: length}) => (
					<tr key={name} class={from < 0 ? 'before' : ''}>
						<th scope="row">{name}</th>
						<td class="number">{duration(length)}</td>
						<td class="bar" aria-hidden="true">
							<span
								style={{
									marginLeft: `${((from - start) / whole) * 100}%`,
									width: `${Math.max(0.5, (length / whole) * 100)}%`,
								}}
							/>
						</td>
					</tr>
				))}
			</tbody>
		</table>
	);
}
