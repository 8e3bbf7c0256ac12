import {useState} from 'preact/hooks';
import {usePage} from '../parts/hooks.ts';

/** The kinds of faults, each with an example of its value; without one it has none. */
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
	const balancer = balancers.find(each => each.name === name) ?? balancers[0];
	const places = [
		...(balancer?.backends ?? []).map(each => `backend:${each.name}`),
		...(balancer?.listeners ?? []).map(({port}) => `listener:${port}`),
	];
	const place = places.find(each => each === on) ?? places[0];
	if (balancer === undefined || place === undefined) return null;
	const arm = async (event: Event) => {
		event.preventDefault();
		const rule = {
			on: place,
			do: {[kind]: readValue(value)},
			...(times === '' ? {} : {times: readValue(times)}),
		};
		await controller.act('POST', 'faults', {loadBalancer: balancer.name, ...rule}, `Armed ${kind} at ${place}`);
		await controller.readFaults();
	};
	return (
		<form class="card fault-form" aria-label="Arm a fault" onSubmit={event => void arm(event)}>
			<h3>Arm a fault</h3>
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
						setValue(KINDS.find(([each]) => each === event.currentTarget.value)?.[1] ?? '');
					}}
				>
					{KINDS.map(([each]) => (
						<option key={each}>{each}</option>
					))}
				</select>
			</label>
			<label>
				Value <input value={value} size={10} onInput={event => setValue(event.currentTarget.value)} />
			</label>
			<label>
				Times{' '}
				<input value={times} size={4} placeholder="always" onInput={event => setTimes(event.currentTarget.value)} />
			</label>
			<button type="submit">Arm</button>
		</form>
	);
}

/** A number where it is one; `true` where there is nothing to say. The control port says what is allowed. */
function readValue(text: string): string | number | true {
	if (text === '') return true;
	return /^\d+(?:\.\d+)?$/.test(text) ? Number(text) : text;
}
