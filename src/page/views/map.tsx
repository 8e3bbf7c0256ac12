import {useMemo} from 'preact/hooks';
import {readFind} from '../find.ts';
import {FilterField} from '../parts/filter-field.tsx';
import {useKeptFocus, usePage, useSeconds} from '../parts/hooks.ts';
import {Some} from '../parts/some.tsx';
import {Badge, Text} from '../parts/text.tsx';
import {countOf, daysUntil} from '../time.ts';
import type {BackendState, ListenerState, LoadBalancerState} from '../wire.ts';
import {Backends} from './backends.tsx';

/** As many load balancers, and rows of back-ends in all, as are shown until more are asked for. */
const MOST_BALANCERS = 15;
const MOST_ROWS = 60;
/** Of each load balancer at least, however many are shown. */
const LEAST_ROWS = 4;

/** All load balancers with their listeners, rules and back-ends. */
export function MapView() {
	const {store, route} = usePage();
	const {state} = store;
	const {find, remark} = useMemo(() => readFind(route.filter), [route.filter]);
	if (state === undefined) return <p>Loading…</p>;
	const all = state.loadBalancers;
	const found = find(all);
	const isLarge = all.length > MOST_BALANCERS || rowsOf(all) > MOST_ROWS;
	return (
		<>
			<h2>Map</h2>
			<Remarks kind="warning" texts={state.warnings} />
			<Remarks kind="note" texts={state.notices} />
			{(isLarge || route.filter !== '') && (
				<div class="bar">
					<FilterField label="Find" placeholder="web app-1 10.0.0.1 is:out" remark={remark} />
				</div>
			)}
			{all.length === 0 && (
				<p class="empty">There is no load balancer yet. Create one by an API of the cloud, or in the configuration.</p>
			)}
			{all.length > 0 && found.length === 0 && <p class="empty">Nothing here has all of these words.</p>}
			<Some of={found} most={MOST_BALANCERS}>
				{shown => {
					const most =
						rowsOf(shown) > MOST_ROWS ? Math.max(LEAST_ROWS, Math.floor(MOST_ROWS / shown.length)) : MOST_ROWS;
					return shown.map(each => <LoadBalancer key={each.balancer.name} {...each} most={most} />);
				}}
			</Some>
		</>
	);
}

function rowsOf(all: readonly Pick<LoadBalancerState, 'backends'>[]): number {
	return all.reduce((sum, {backends}) => sum + backends.length, 0);
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

interface LoadBalancerProps {
	readonly balancer: LoadBalancerState;
	/** Those that are to be shown. */
	readonly backends: readonly BackendState[];
	readonly most: number;
}

function LoadBalancer({balancer, backends, most}: LoadBalancerProps) {
	const {name, dnsName, state, listeners, rules = [], draining = [], counters} = balancer;
	const {store, go} = usePage();
	const ref = useKeptFocus<HTMLElement>();
	const isFolded = store.folded.has(name);
	const fold = () => {
		if (!store.folded.delete(name)) store.folded.add(name);
		store.changed();
	};
	return (
		<section class="balancer" ref={ref} aria-labelledby={`lb-${name}`}>
			<header>
				<button type="button" class="fold" aria-expanded={!isFolded} aria-label={`Details of ${name}`} onClick={fold}>
					{isFolded ? '▸' : '▾'}
				</button>
				<h3 id={`lb-${name}`}>
					<Text of={name} />
				</h3>
				<span class="dns">
					<Text of={dnsName} />
				</span>
				{state !== 'active' && <Badge kind="busy">{state}</Badge>}
				<InService of={balancer.backends} />
				{counters !== undefined && (
					<span class="counters">
						<a
							href={`#/traffic?f=${encodeURIComponent(`lb:${name}`)}`}
							aria-label={`${countOf(counters.exchanges, 'exchange')} of ${name}`}
							onClick={event => {
								event.preventDefault();
								go({view: 'traffic', filter: `lb:${name}`});
							}}
						>
							{countOf(counters.exchanges, 'exchange')}
						</a>
						{counters.failed > 0 && <span class="bad-text">, {counters.failed} failed</span>}
					</span>
				)}
			</header>
			{!isFolded && (
				<>
					<ul class="listeners" aria-label={`Listeners of ${name}`}>
						{listeners.map(each => (
							<Listener key={each.port} {...each} />
						))}
					</ul>
					{rules.length > 0 && (
						<Some of={rules}>
							{shown => (
								<ul class="rules" aria-label={`Rules of ${name}`}>
									{shown.map(({listener, priority, name: rule, host, path, to}) => (
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
									<li class="quiet">otherwise all in turn</li>
								</ul>
							)}
						</Some>
					)}
					<Backends loadBalancer={name} backends={backends} most={most} />
					{draining.map(each => (
						<Draining key={each.name} {...each} />
					))}
				</>
			)}
		</section>
	);
}

function InService({of: all}: {readonly of: readonly BackendState[]}) {
	const count = all.filter(({state}) => state === 'InService').length;
	return (
		<span class={count < all.length ? 'bad-text' : 'quiet'}>
			{count} of {countOf(all.length, 'back-end')} in service
		</span>
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

function Listener({spec, host, boundPort, certificate, proxyProtocol, stickiness}: ListenerState) {
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
			{proxyProtocol && <span class="quiet">, PROXY protocol</span>}
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
