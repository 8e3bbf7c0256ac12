import {useEffect, useRef, useState} from 'preact/hooks';
import {usePage} from '../parts/hooks.ts';

/** The kinds of faults, each with an example of its value; without one it takes none. */
const KINDS = [
	['latency', '200ms'],
	['reset', 'on-reuse'],
	['status', '503'],
	['close', ''],
	['refuse', ''],
	['blackhole', ''],
	['bandwidth', '10000'],
	['slice', '100'],
	['limit', '1000'],
	['slowClose', '5s'],
	['garbage', '100'],
	['truncate', '10'],
	['contentLength', '10'],
	['tls', 'stall'],
] as const;

/** Arms a fault at a back-end or a listener. */
export function FaultForm() {
	const {store, controller} = usePage();
	const balancers = store.state?.loadBalancers ?? [];
	const [name, setName] = useState(store.faultPlace?.loadBalancer);
	const [on, setOn] = useState(store.faultPlace?.on);
	const [kind, setKind] = useState<string>('latency');
	const [value, setValue] = useState('200ms');
	const [times, setTimes] = useState('');
	const title = useRef<HTMLHeadingElement>(null);
	// Who has asked for it at a back-end goes on here.
	useEffect(() => {
		if (store.faultPlace !== undefined) title.current?.focus();
		store.faultPlace = undefined;
	}, []);
	const balancer = balancers.find(each => each.name === name) ?? balancers[0];
	const places = [
		...(balancer?.backends ?? []).map(each => `backend:${each.name}`),
		...(balancer?.listeners ?? []).map(({port}) => `listener:${port}`),
	];
	const place = places.find(each => each === on) ?? places[0];
	if (balancer === undefined || place === undefined) return null;
	const example = exampleOf(kind);
	const arm = async (event: Event) => {
		event.preventDefault();
		const isBare = example === '' || (kind === 'reset' && value.trim() === '');
		const rule = {
			on: place,
			do: {[kind]: isBare || readValue(value)},
			...(times.trim() === '' ? {} : {times: readValue(times)}),
		};
		await controller.act('POST', 'faults', {loadBalancer: balancer.name, ...rule}, `Armed ${kind} at ${place}`);
		await controller.readFaults();
	};
	return (
		<form class="card fault-form" aria-label="Arm a fault" onSubmit={event => void arm(event)}>
			<h3 ref={title} tabIndex={-1}>
				Arm a fault
			</h3>
			<label>
				Load balancer{' '}
				<select value={balancer.name} onChange={event => setName(event.currentTarget.value)}>
					{balancers.map(each => (
						<option key={each.name}>{each.name}</option>
					))}
				</select>
			</label>
			<label>
				Where{' '}
				<select value={place} onChange={event => setOn(event.currentTarget.value)}>
					{places.map(each => (
						<option key={each}>{each}</option>
					))}
				</select>
			</label>
			<label>
				Fault{' '}
				<select
					value={kind}
					onChange={event => {
						setKind(event.currentTarget.value);
						setValue(exampleOf(event.currentTarget.value));
					}}
				>
					{KINDS.map(([each]) => (
						<option key={each}>{each}</option>
					))}
				</select>
			</label>
			<label>
				Value{' '}
				<input
					value={value}
					size={10}
					placeholder={kind === 'reset' ? 'at once' : ''}
					disabled={example === ''}
					onInput={event => setValue(event.currentTarget.value)}
				/>
			</label>
			<label>
				Times{' '}
				<input value={times} size={4} placeholder="always" onInput={event => setTimes(event.currentTarget.value)} />
			</label>
			<button type="submit">Arm</button>
		</form>
	);
}

function exampleOf(kind: string): string {
	return KINDS.find(([each]) => each === kind)?.[1] ?? '';
}

/** A number where it is one. The control port says what is allowed. */
function readValue(text: string): string | number {
	const written = text.trim();
	return /^-?\d+(?:\.\d+)?$/.test(written) ? Number(written) : written;
}
