import {usePage, useSeconds} from '../parts/hooks.ts';
import {type Column, Table} from '../parts/table.tsx';
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

function Backends({
	loadBalancer,
	backends,
}: {
	readonly loadBalancer: string;
	readonly backends: readonly BackendState[];
}) {
	if (backends.length === 0) return <p class="empty">No back-ends: every request is answered 503.</p>;
	const actions: Column<BackendState> = {
		name: 'Actions',
		kind: 'actions',
		cell: backend => <BackendActions loadBalancer={loadBalancer} backend={backend} />,
	};
	return (
		<Table
			label={`Back-ends of ${loadBalancer}`}
			columns={[...COLUMNS, actions]}
			rows={backends}
			keyOf={({name}) => name}
		/>
	);
}

const COLUMNS: readonly Column<BackendState>[] = [
	{
		name: 'Back-end',
		kind: 'title',
		cell: ({name, kind}) => (
			<>
				<Text of={name} /> <span class="quiet">{kind}</span>
			</>
		),
	},
	{name: 'Address', kind: 'address', cell: ({address}) => <Text of={address} />},
	{
		name: 'State',
		kind: 'state',
		cell: backend => (
			<>
				<StateBadge {...backend} />
				{backend.operator !== 'auto' && <span class="quiet"> by hand</span>}
			</>
		),
	},
	{name: 'Reason or last probe', kind: 'reason', cell: backend => <Reason {...backend} />},
	{name: 'In flight', kind: 'number', cell: ({inFlight}) => inFlight},
	{
		name: 'Share',
		kind: 'number',
		cell: ({share}) => (share === undefined ? '–' : `${Math.round(share * 100)} %`),
	},
];

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
	const {state, reason, lastProbe, operator, running} = backend;
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
	const saysProbe = state === 'InService' || (operator === 'auto' && lastProbe !== undefined);
	return (
		<>
			{running === false && <strong>Stopped. </strong>}
			{!saysProbe && <Text of={`${reason} `} />}
			{probe ?? (saysProbe && '–')}
		</>
	);
}
