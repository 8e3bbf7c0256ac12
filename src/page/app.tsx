import {useCallback, useEffect, useMemo, useState} from 'preact/hooks';
import type {Controller} from './controller.ts';
import {type More, type Page, PageContext, type Question, useKeptFocus, useStore} from './parts/hooks.ts';
import {takesLetter} from './parts/keys.ts';
import {Lazy} from './parts/lazy.tsx';
import {StatusLine} from './parts/status-line.tsx';
import {hashOf, type Route, readRoute} from './route.ts';
import type {Store} from './store.ts';
import {Head} from './views/head.tsx';
import {MapView} from './views/map.tsx';
import {adviceIn} from './wire.ts';

interface Props {
	readonly store: Store;
	readonly controller: Controller;
}

/** The map is there at once, the others when they are shown. */
function CurrentView({view}: Pick<Route, 'view'>) {
	switch (view) {
		case 'map':
			return <MapView />;
		case 'traffic':
			return <Lazy>{({TrafficView}) => <TrafficView />}</Lazy>;
		case 'calls':
			return <Lazy>{({CallsView}) => <CallsView />}</Lazy>;
		case 'certificates':
			return <Lazy>{({CertificatesView}) => <CertificatesView />}</Lazy>;
		case 'advice':
			return <Lazy>{({AdviceView}) => <AdviceView />}</Lazy>;
		case 'faults':
			return <Lazy>{({FaultsView}) => <FaultsView />}</Lazy>;
	}
}

export function App({store, controller}: Props) {
	useStore(store);
	const [route, go] = useRoute();
	const content = useKeptFocus<HTMLElement>();
	const [question, confirm] = useState<Question>();
	const [toCopy, setToCopy] = useState<{readonly text: string; readonly what: string}>();
	const [showsHelp, setShowsHelp] = useState(false);
	const copy = useCallback((text: string, what: string) => {
		// The clipboard is there on loopback and over TLS alone, not under the name of a container.
		const written = navigator.clipboard?.writeText(text) ?? Promise.reject(new Error('There is no clipboard'));
		written.then(
			() => store.say('status', `Copied ${what}`),
			() => setToCopy({text, what}),
		);
	}, []);
	const [more, setMore] = useState<More>();
	const loadMore = useCallback(
		() =>
			// A browser asks for a module once, whatever came of it.
			void import('./more.ts').then(setMore, () =>
				store.say('alert', 'The rest of the page did not load. Load the page again once lb-local runs.'),
			),
		[],
	);
	const seekFilter = () => {
		const field = document.getElementById('filter');
		if (field !== null) return field.focus();
		store.seeksFilter = true;
		go({view: 'traffic'});
	};
	useLetters({seekFilter, help: () => setShowsHelp(true)});
	const advice = adviceIn(store.state).length;
	useEffect(() => {
		document.title = advice === 0 ? 'lb-local' : `(${advice}) lb-local`;
	}, [advice]);
	const page: Page = {store, controller, route, go, confirm, copy, more, loadMore};
	return (
		<PageContext.Provider value={page}>
			<button type="button" class="skip" onClick={() => document.getElementById('content')?.focus()}>
				To the content
			</button>
			<Head onHelp={() => setShowsHelp(true)} />
			<main id="content" ref={content} tabIndex={-1} class={route.view}>
				<CurrentView key={route.view} view={route.view} />
			</main>
			<StatusLine />
			{question !== undefined && (
				<Lazy>{({ConfirmDialog}) => <ConfirmDialog question={question} onClose={() => confirm(undefined)} />}</Lazy>
			)}
			{toCopy !== undefined && (
				<Lazy>{({CopyDialog}) => <CopyDialog {...toCopy} onClose={() => setToCopy(undefined)} />}</Lazy>
			)}
			{showsHelp && <Lazy>{({ConnectDialog}) => <ConnectDialog onClose={() => setShowsHelp(false)} />}</Lazy>}
		</PageContext.Provider>
	);
}

function useRoute(): [Route, Page['go']] {
	const [hash, setHash] = useState(location.hash);
	useEffect(() => {
		const onHash = () => setHash(location.hash);
		window.addEventListener('hashchange', onHash);
		return () => window.removeEventListener('hashchange', onHash);
	}, []);
	const route = useMemo(() => readRoute(hash), [hash]);
	const go = useCallback((change: Partial<Route>) => {
		const before = readRoute(location.hash);
		const next = hashOf({...before, ...change});
		// Each letter of a filter would be a step back.
		if ('filter' in change && change.view === undefined) history.replaceState(undefined, '', next);
		else history.pushState(undefined, '', next);
		setHash(next);
	}, []);
	return [route, go];
}

function useLetters({seekFilter, help}: {readonly seekFilter: () => void; readonly help: () => void}): void {
	useEffect(() => {
		const onKey = (event: KeyboardEvent) => {
			if (!takesLetter(event)) return;
			if (event.key === '?') help();
			if (event.key !== '/') return;
			event.preventDefault();
			seekFilter();
		};
		document.addEventListener('keydown', onKey);
		return () => document.removeEventListener('keydown', onKey);
	}, []);
}
