import {phasesOf} from '../phases.ts';
import {duration} from '../time.ts';
import type {WireExchange} from '../wire.ts';

export function Waterfall({ms, kind, outcome}: Pick<WireExchange, 'ms' | 'kind' | 'outcome'>) {
	const isOpen = outcome === 'open';
	const last = kind !== 'http' ? 'stream' : ms.firstByte === undefined ? 'to its end' : 'body';
	const phases = phasesOf(ms, isOpen ? undefined : last);
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
