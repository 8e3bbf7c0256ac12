import {useEffect, useState} from 'preact/hooks';
import {usePage, useSeconds} from '../parts/hooks.ts';
import {Lazy} from '../parts/lazy.tsx';
import {applyTheme, nextTheme, theme} from '../parts/theme.ts';
import {hashOf, VIEWS, type View} from '../route.ts';
import {ago, dateOf, grouped, timeOfDay} from '../time.ts';
import {adviceIn} from '../wire.ts';

const TITLES: Readonly<Record<View, string>> = {
	map: 'Map',
	traffic: 'Traffic',
	calls: 'Cloud API',
	certificates: 'Certificates',
	advice: 'Advice',
	faults: 'Faults',
};

/** Who runs, whether this is live, and the way to the views. */
export function Head({onHelp}: {readonly onHelp: () => void}) {
	const {store, controller, confirm} = usePage();
	const {state} = store;
	const reset = () =>
		confirm({
			title: 'Reset everything?',
			consequence:
				'Load balancers, health, faults and the inventory become what the configuration says; the record of traffic and calls is emptied.',
			action: 'Reset',
			onYes: () => void controller.reset(),
		});
	return (
		<header class="head">
			<div class="bar">
				<h1>lb-local {state?.version}</h1>
				{state !== undefined && <span class="quiet">{state.region}</span>}
				<Clock />
				<Live />
				<ThemeButton />
				<button type="button" onClick={reset}>
					Reset…
				</button>
				<button type="button" aria-label="Connect, and keys" onClick={onHelp}>
					?
				</button>
			</div>
			{!/^(localhost|127\.[\d.]+|\[::1\])$/.test(location.hostname) && <Lazy>{({Banner}) => <Banner />}</Lazy>}
			<Views />
		</header>
	);
}

function Views() {
	const {store, route} = usePage();
	const counts: Partial<Record<View, string>> = {
		traffic: grouped(store.totalExchanges),
		calls: grouped(store.totalCalls),
		certificates: grouped(
			(store.state?.loadBalancers ?? []).flatMap(({listeners}) => listeners.filter(each => each.certificate)).length,
		),
		advice: grouped(adviceIn(store.state).length),
		faults: grouped(store.faults.length),
	};
	return (
		<nav aria-label="Views">
			{VIEWS.map(view => (
				<a
					key={view}
					href={hashOf({view, filter: view === route.view ? route.filter : '', exchange: undefined})}
					aria-current={view === route.view ? 'page' : undefined}
					class={view === 'advice' && counts.advice !== '0' ? 'worth-a-look' : ''}
				>
					{TITLES[view]} {counts[view] !== undefined && <span class="count">{counts[view]}</span>}
				</a>
			))}
		</nav>
	);
}

/** The emulator's clock; where it stands still, what moves it. */
function Clock() {
	const {store, controller} = usePage();
	const [by, setBy] = useState('30s');
	const clock = store.state?.clock;
	if (clock?.kind !== 'manual') return clock && <RealClock />;
	return (
		<form
			class="clock"
			onSubmit={event => {
				event.preventDefault();
				void controller.act('POST', 'clock', {advance: by}, `The clock was advanced by ${by}`);
			}}
		>
			<span>
				clock manual <time>{dateOf(clock.now)}</time>
			</span>
			<input
				aria-label="Advance the clock by"
				value={by}
				size={5}
				onInput={event => setBy(event.currentTarget.value)}
			/>
			<button type="submit">Advance</button>
		</form>
	);
}

/** In the time zone of whoever looks, as the times of the traffic. */
function RealClock() {
	const {store} = usePage();
	useSeconds();
	return (
		<span class="quiet">
			clock real <time>{timeOfDay(store.nowMs).slice(0, 8)}</time>
		</span>
	);
}

const CONNECTIONS = {
	connecting: 'connecting…',
	live: 'live',
	lost: 'no connection, trying again',
	hidden: 'paused while hidden',
} as const;

/** Whether what is shown is what is, and the age of the last event. */
function Live() {
	const {store} = usePage();
	const {connection, heardAt} = store;
	const nowMs = useSeconds();
	const age = connection === 'live' && heardAt > 0 ? `, ${ago(heardAt, Math.max(nowMs, heardAt))}` : '';
	return (
		<span class={`live ${connection}`}>
			<span aria-hidden="true">{connection === 'live' ? '●' : '○'}</span> {CONNECTIONS[connection]}
			{age}
		</span>
	);
}

function ThemeButton() {
	const [current, setCurrent] = useState(theme());
	useEffect(() => {
		// Another tab of this browser has chosen one.
		const follow = () => {
			applyTheme();
			setCurrent(theme());
		};
		window.addEventListener('storage', follow);
		return () => window.removeEventListener('storage', follow);
	}, []);
	return (
		<button type="button" onClick={() => setCurrent(nextTheme(current))}>
			Theme: {current}
		</button>
	);
}
