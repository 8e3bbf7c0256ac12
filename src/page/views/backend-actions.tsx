import {useKeptFocus, usePage} from '../parts/hooks.ts';
import {countOf, duration} from '../time.ts';
import type {BackendState} from '../wire.ts';

interface Props {
	readonly loadBalancer: string;
	readonly backend: BackendState;
}

/** What can be done with one back-end. What hurts what is in flight asks first. */
export function BackendActions({loadBalancer, backend}: Props) {
	const {store, controller, confirm, go} = usePage();
	const ref = useKeptFocus<HTMLSpanElement>();
	const {name, operator, inFlight, running} = backend;
	const what = `${name} of ${loadBalancer}`;
	const target = {loadBalancer, backend: name};
	const setHealth = (state: string, done: string) => void controller.act('POST', 'health', {...target, state}, done);
	const whatBecomes = () => {
		const drainingMs = store.state?.loadBalancers.find(each => each.name === loadBalancer)?.drainingMs;
		if (inFlight === 0) return 'Nothing is in flight at it.';
		return `${inFlightText(inFlight)} ${drainingMs === undefined ? 'cut at once' : `given ${duration(drainingMs)}`}.`;
	};
	const drain = () =>
		confirm({
			title: `Drain ${name}?`,
			consequence: `It gets nothing new and is deregistered from ${loadBalancer}. ${whatBecomes()}`,
			action: 'Drain',
			onYes: () => void controller.act('POST', 'drain', target, `${what} is draining`),
		});
	const stop = () =>
		confirm({
			title: `Stop ${name}?`,
			consequence: `Its port is closed: connections are refused, ${inFlightText(inFlight)} cut. Start opens it again.`,
			action: 'Stop',
			onYes: () => void controller.act('POST', 'backend', {...target, action: 'stop'}, `${what} is stopped`),
		});
	const start = () => void controller.act('POST', 'backend', {...target, action: 'start'}, `${what} is started`);
	const armFault = () => {
		store.faultPlace = {loadBalancer, on: `backend:${name}`};
		go({view: 'faults', filter: ''});
	};
	return (
		<span ref={ref}>
			{operator !== 'InService' && (
				<Button label={`In: ${what}`} onClick={() => setHealth('InService', `${what} is in service`)}>
					In
				</Button>
			)}
			{operator !== 'OutOfService' && (
				<Button label={`Out: ${what}`} onClick={() => setHealth('OutOfService', `${what} is out of service`)}>
					Out
				</Button>
			)}
			{operator !== 'auto' && (
				<Button label={`Auto: ${what}`} onClick={() => setHealth('auto', `The probes decide about ${what}`)}>
					Auto
				</Button>
			)}
			<Button label={`Drain ${what}`} onClick={drain}>
				Drain…
			</Button>
			{/* One button, so that the focus stays where it is. A server of the user's own has none. */}
			{running !== undefined && (
				<Button label={`${running ? 'Stop' : 'Start'} ${what}`} onClick={running ? stop : start}>
					{running ? 'Stop…' : 'Start'}
				</Button>
			)}
			<Button label={`Fault at ${what}`} onClick={armFault}>
				Fault…
			</Button>
		</span>
	);
}

function inFlightText(inFlight: number): string {
	return inFlight === 0
		? 'nothing in flight is'
		: `${countOf(inFlight, 'request')} in flight ${inFlight === 1 ? 'is' : 'are'}`;
}

function Button(props: {readonly label: string; readonly onClick: () => void; readonly children: string}) {
	return (
		<button type="button" class="small" aria-label={props.label} onClick={props.onClick}>
			{props.children}
		</button>
	);
}
