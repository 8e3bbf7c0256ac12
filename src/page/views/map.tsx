import {useKeptFocus, usePage, useSeconds} from '../parts/hooks.ts';
import {Badge, Text} from '../parts/text.tsx';
import {ago, countOf, daysUntil, duration} from '../time.ts';
import type {BackendState, ListenerState, LoadBalancerState} from '../wire.ts';
import {BackendActions} from './backend-actions.tsx';

/** All load balancers with their listeners, rules and back-ends. */
export function MapView() {
	const {store} = usePage();
	const {state} = store;
	if (state === undefined) return <p>Loading…</p>;
	return (
		<>
			<h2>Map</h2>
			<Remarks kind="warning" texts={state.warnings} />
			<Remarks kind="note" texts={state.notices} />
			{state.loadBalancers.length === 0 && (
				<p class="empty">There is no load balancer yet. Create one by an API of the cloud, or in the configuration.</p>
			)}
			{state.loadBalancers.map(each => (
				<LoadBalancer key={each.name} {...each} />
			))}
		</>
	);
}

function Remarks({kind, texts}: {readonly kind: 'note' | 'warning'; readonly texts: readonly string[]}) {
	if (texts.length === 0) return null;
	return (
		<ul class={`remarks ${kind}`} aria-label={kind === 'warning' ? 'Warnings' : 'Notes'}>
			{texts.map(text => (
				<li key={text}>
					<Text of={text} most={1000} />
				</li>
			))}
		</ul>
	);
}

function LoadBalancer({
	name,
	dnsName,
	state,
	listeners,
	backends,
	rules = [],
	draining = [],
	counters,
}: LoadBalancerState) {
	const {route, go} = usePage();
	return (
		<section class="balancer" aria-labelledby={`lb-${name}`}>
			<header>
				<h3 id={`lb-${name}`}>
					<Text of={name} />
				</h3>
				<span class="dns">
					<Text of={dnsName} />
				</span>
				{state !== 'active' && <Badge kind="busy">{state}</Badge>}
				{counters !== undefined && (
					<span class="counters">
						<a
							href={`#/traffic?f=${encodeURIComponent(`lb:${name}`)}`}
							onClick={event => {
								event.preventDefault();
								go({...route, view: 'traffic', filter: `lb:${name}`});
							}}
						>
							{countOf(counters.exchanges, 'exchange')}
						</a>
						{counters.failed > 0 && <span class="bad-text">, {counters.failed} failed</span>}
					</span>
				)}
			</header>
			<ul class="listeners" aria-label={`Listeners of ${name}`}>
				{listeners.map(each => (
					<Listener key={each.port} {...each} />
				))}
			</ul>
			{rules.length > 0 && (
				<ul class="rules" aria-label={`Rules of ${name}`}>
					{rules.map(({listener, priority, name: rule, host, path, to}) => (
						<li key={`${listener}/${priority}`}>
							{listener === undefined ? 'rule' : `rule on ${listener}`}: {priority}
							{rule !== undefined && <Text of={` ${rule}`} />}{' '}
							{host !== undefined && (
								<>
									host <Text of={host} />{' '}
								</>
							)}
							{path !== undefined && (
								<>
									path <Text of={path} />{' '}
								</>
							)}
							→ <Text of={to.join(', ')} />
						</li>
					))}
				</ul>
			)}
			<Backends loadBalancer={name} backends={backends} />
			{draining.map(each => (
				<Draining key={each.name} {...each} />
			))}
		</section>
	);
}

/** A back-end that gets nothing new: how much is in flight at it, and for how long that may go on. */
function Draining({name, inFlight, until}: NonNullable<LoadBalancerState['draining']>[number]) {
	const {store} = usePage();
	useSeconds();
	const seconds = Math.max(0, Math.ceil((Date.parse(until) - store.nowMs) / 1000));
	return (
		<p class="draining">
			<Badge kind="busy">draining</Badge> <Text of={name} />: deregistered, {countOf(inFlight, 'request')} in flight,{' '}
			{seconds} s left
		</p>
	);
}

function Listener({spec, host, boundPort, certificate, stickiness}: ListenerState) {
	const {store} = usePage();
	return (
		<li>
			<code>{spec.replace('->', '→')}</code> <span class="quiet">on</span>{' '}
			<code>
				{host}:{boundPort}
			</code>
			{certificate !== undefined && (
				<span class="quiet">
					{', '}
					certificate <Text of={certificate.names[0] ?? ''} />
					{certificate.names.length > 1 && ` (+${certificate.names.length - 1})`},{' '}
					{daysUntil(certificate.notAfter, store.nowMs)} d
				</span>
			)}
			{stickiness !== undefined && (
				<span class="quiet">
					{', '}
					sticky by <Text of={stickiness.application ?? stickiness.cookie} />
					{stickiness.seconds !== undefined && ` for ${stickiness.seconds} s`}
				</span>
			)}
		</li>
	);
}

interface BackendsProps {
	readonly loadBalancer: string;
	readonly backends: readonly BackendState[];
}

function Backends({loadBalancer, backends}: BackendsProps) {
	const ref = useKeptFocus<HTMLElement>();
	if (backends.length === 0) {
		return <p class="empty">No back-ends: every request is answered 503.</p>;
	}
	return (
		// biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls has to be reached by the keyboard.
		<section ref={ref} class="scroll" tabIndex={0} aria-label={`Back-ends of ${loadBalancer}, a table`}>
			<table class="backends">
				<caption class="hidden">Back-ends of {loadBalancer}</caption>
				<thead>
					<tr>
						<th scope="col">Back-end</th>
						<th scope="col">Address</th>
						<th scope="col">State</th>
						<th scope="col">Reason or last probe</th>
						<th scope="col" class="number">
							In flight
						</th>
						<th scope="col" class="number">
							Share
						</th>
						<th scope="col">Actions</th>
					</tr>
				</thead>
				<tbody>
					{backends.map(each => (
						<BackendRow key={each.name} loadBalancer={loadBalancer} backend={each} />
					))}
				</tbody>
			</table>
		</section>
	);
}

function BackendRow({loadBalancer, backend}: {readonly loadBalancer: string; readonly backend: BackendState}) {
	const {name, address, kind, inFlight, share, operator} = backend;
	const ref = useKeptFocus<HTMLTableCellElement>();
	return (
		<tr>
			<th scope="row">
				<Text of={name} /> <span class="quiet">{kind}</span>
			</th>
			<td class="address">
				<Text of={address} />
			</td>
			<td>
				<StateBadge {...backend} />
				{operator !== 'auto' && <span class="quiet"> by hand</span>}
			</td>
			<td class="reason">
				<Reason {...backend} />
			</td>
			<td class="number" data-name="In flight">
				{inFlight}
			</td>
			<td class="number" data-name="Share">
				{share === undefined ? '–' : `${Math.round(share * 100)} %`}
			</td>
			<td ref={ref} class="actions">
				<BackendActions loadBalancer={loadBalancer} backend={backend} />
			</td>
		</tr>
	);
}

/** How many such results there were in a row, and of how many that turn the state: `1 of 2`. */
function inARow({state, lastProbe, consecutive, operator}: BackendState): string {
	if (consecutive === undefined) return '';
	const {passes, failures, needed} = consecutive;
	const passed = lastProbe?.result === 'pass';
	const count = passed ? passes : failures;
	// What is set by hand, no result turns.
	return operator !== 'auto' || passed === (state === 'InService')
		? ` (${count} in a row)`
		: ` (${count} of ${needed})`;
}

function StateBadge({state}: BackendState) {
	return state === 'InService' ? <Badge kind="good">in service</Badge> : <Badge kind="bad">out</Badge>;
}

/** Why it is out, and what the last probe found. */
function Reason(backend: BackendState) {
	const {state, reason, lastProbe, operator} = backend;
	const {store} = usePage();
	const probe = lastProbe && (
		<>
			<Text of={`${lastProbe.target} ${lastProbe.result === 'pass' ? 'passed' : `→ ${lastProbe.result}`}`} />
			{inARow(backend)}
			<span class="quiet">
				, {duration(lastProbe.ms)}, {ago(Date.parse(lastProbe.at), store.nowMs)}
			</span>
		</>
	);
	if (state === 'InService' || (operator === 'auto' && lastProbe !== undefined)) return probe ?? <span>–</span>;
	return (
		<>
			<Text of={reason ?? ''} /> {probe}
		</>
	);
}
