import {duration} from '../time.ts';
import type {WireExchange} from '../wire.ts';

interface Phase {
	readonly name: string;
	readonly from: number;
	readonly ms: number;
}

/** The phases of an exchange, one after the other. */
export function phasesOf({tls, connect, firstByte, total}: WireExchange['ms']): Phase[] {
	const phases: Phase[] = [];
	// The handshake is before the exchange, which begins with the request.
	let from = 0;
	const add = (name: string, until: number) => {
		if (until < from) return;
		phases.push({name, from, ms: until - from});
		from = until;
	};
	if (tls !== undefined) add('TLS', tls);
	const start = from;
	if (connect !== undefined) add('connect', start + connect);
	if (firstByte !== undefined) add('first byte', start + firstByte);
	add('body', start + total);
	return phases;
}

export function Waterfall({ms}: {readonly ms: WireExchange['ms']}) {
	const phases = phasesOf(ms);
	const whole = Math.max(0.001, ...phases.map(({from, ms: length}) => from + length));
	return (
		<table class="waterfall">
			<caption>Timing: {duration(ms.total)} in total</caption>
			<tbody>
				{phases.map(({name, from, ms: length}) => (
					<tr key={name}>
						<th scope="row">{name}</th>
						<td class="number">{duration(length)}</td>
						<td class="bar" aria-hidden="true">
							<span
								style={{marginLeft: `${(from / whole) * 100}%`, width: `${Math.max(0.5, (length / whole) * 100)}%`}}
							/>
						</td>
					</tr>
				))}
			</tbody>
		</table>
	);
}
