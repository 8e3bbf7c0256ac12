import {useEffect, useLayoutEffect, useMemo, useRef, useState} from 'preact/hooks';
import {didYouMean} from '../../base/suggest.ts';
import {isFailed, readFilter} from '../../observability/traffic-filter.ts';
import {orderAssertionOf} from '../assertions.ts';
import {visible} from '../escape.ts';
import {CopyButton} from '../parts/copy-button.tsx';
import {FilterField} from '../parts/filter-field.tsx';
import {Grid} from '../parts/grid.tsx';
import {usePage, useToday} from '../parts/hooks.ts';
import {takesLetter} from '../parts/keys.ts';
import {MOST_ROWS} from '../store.ts';
import {countOf, dayOf, grouped} from '../time.ts';
import type {ExchangeSummary} from '../wire.ts';
import {DetailPane} from './detail.tsx';
import {useServerFilter} from './server-filter.ts';
import {columnsOn} from './traffic-columns.tsx';

/** The exchanges as they come, those that pass the filter, and the one that is open. */
export function TrafficView() {
	const {store, controller, route, go, confirm} = usePage();
	const today = useToday();
	const [follows, setFollows] = useState(true);
	const [current, setCurrent] = useState<number>();
	const [selected, setSelected] = useState<ReadonlySet<number>>(new Set());
	/** Whether somebody is about to filter. */
	const [seeks, setSeeks] = useState(false);
	const seenUntil = useRef(0);
	/** The exchange that was opened in the list, or has been scrolled to. */
	const shown = useRef<string | undefined>(undefined);
	const filter = useMemo(() => readFilter(route.filter, didYouMean), [route.filter]);
	const {pausedAt, rows: ring} = store;
	const {exchange} = route;
	const isUnderstood = filter.remarks.length === 0;
	const hasCut = isUnderstood && route.filter !== '' && ring.rows.some(({cut}) => cut);
	const decided = useServerFilter(route.filter, hasCut, store, controller);
	const rows = useMemo(() => {
		const passes = (row: ExchangeSummary) =>
			(pausedAt === undefined || row.seq <= pausedAt) && (decided(row) ?? filter.matches(row));
		return route.filter === '' && pausedAt === undefined ? ring.rows : ring.rows.filter(passes);
	}, [ring, ring.version, filter, pausedAt, decided, route.filter]);
	// What has not been read is above all rows; whether it passes a filter is not known.
	const missing = route.filter === '' ? store.older : 0;
	useEffect(() => {
		// A filter looks at all of them: they are read while it is being written.
		if (seeks || route.filter !== '') void controller.record.readOlder();
	});
	const newest = ring.newest?.seq ?? 0;
	useEffect(() => {
		if ((follows && pausedAt === undefined) || newest < seenUntil.current) seenUntil.current = newest;
	}, [follows, pausedAt, newest]);
	const isStill = !follows || pausedAt !== undefined;
	const news = isStill ? ring.rows.filter(({seq}) => seq > Math.max(seenUntil.current, pausedAt ?? 0)).length : 0;
	const choose = (key: number, {extend}: {readonly extend: boolean}) => {
		setCurrent(key);
		setSelected(before => (extend ? between(rows, current ?? key, key) : before.size > 1 ? before : new Set([key])));
	};
	const open = ({lb, id, seq}: ExchangeSummary) => {
		setCurrent(seq);
		setSelected(new Set([seq]));
		shown.current = `${lb}/${id}`;
		go({exchange: {lb, id}});
	};
	const opened = rows.find(({lb, id}) => lb === exchange?.lb && id === exchange.id)?.seq;
	const asked = exchange && `${exchange.lb}/${exchange.id}`;
	const isSought = asked !== undefined && asked !== shown.current;
	useEffect(() => {
		if (!isSought) shown.current = asked;
		else if (opened === undefined) void controller.record.readOlder();
		else {
			// A link has opened it: it is scrolled to once, and stays where it is.
			shown.current = asked;
			setCurrent(opened);
			setSelected(new Set([opened]));
			setFollows(false);
		}
	});
	const follow = (isWanted: boolean | ((before: boolean) => boolean)) => {
		// Whoever scrolls while it is looked for is not to be led away.
		shown.current = asked;
		setFollows(isWanted);
	};
	useTrafficKeys({
		// Two presses may come before the next painting.
		follow: () => follow(before => !before),
		pause: () => store.pause(store.pausedAt === undefined),
	});
	const {ref, seek} = useRowFocus(rows, current, setCurrent);
	const chosen = selected.size > 1 ? rows.filter(({seq}) => selected.has(seq)) : [];
	const isDated = rows[0] !== undefined && dayOf(rows[0].at) !== today;
	return (
		<div ref={ref} class={`traffic ${exchange === undefined ? '' : 'with-detail'} ${isDated ? 'dated' : ''}`}>
			<section aria-labelledby="traffic-title">
				<h2 id="traffic-title" class="hidden">
					Traffic
				</h2>
				<div class="bar">
					<FilterField
						label="Filter"
						placeholder="status:5xx -backend:app-1 path:/api"
						remark={filter.remarks.map(remarkText).join('. ')}
						onFocus={() => setSeeks(true)}
					/>
					<button
						type="button"
						aria-pressed={pausedAt !== undefined}
						onClick={() => store.pause(pausedAt === undefined)}
					>
						Pause
					</button>
					<button type="button" aria-pressed={follows} onClick={() => follow(true)}>
						Follow
					</button>
					<button
						type="button"
						onClick={() =>
							confirm({
								title: 'Clear the record?',
								consequence: `${countOf(store.totalExchanges, 'exchange')} will be forgotten, also by tests that read this record.`,
								action: 'Clear',
								onYes: () => void controller.clearTraffic(),
							})
						}
					>
						Clear…
					</button>
					<SaveLink isUnderstood={isUnderstood} />
					{chosen.length > 1 && (
						<CopyButton text={orderAssertionOf(chosen.map(({backend}) => backend))} what="the order as an assertion">
							Copy order as test
						</CopyButton>
					)}
				</div>
				<p class="counts">
					{grouped(missing + rows.length)} of {countOf(store.totalExchanges, 'exchange')}
					{missing < store.older && ', reading older ones…'}
					{store.forgotten > 0 && `, ${grouped(store.forgotten)} older ones are no longer kept`}
					{news > 0 && (
						<button
							type="button"
							class="small"
							onClick={() => {
								store.pause(false);
								follow(true);
							}}
						>
							{grouped(news)} new ▼
						</button>
					)}
				</p>
				{rows.length === 0 ? (
					<p class="empty">
						{ring.length === 0
							? 'No exchange yet. ? shows how to send one.'
							: missing < store.older
								? 'Reading older ones…'
								: 'No exchange passes the filter.'}
					</p>
				) : (
					<Grid
						label="Exchanges"
						columns={columnsOn(today)}
						rows={rows}
						missing={missing}
						onMissing={() => void controller.record.readOlder()}
						keyOf={({seq}) => seq}
						classOf={row => (row.open ? 'open' : isFailed(row) ? 'failed' : '')}
						current={current}
						onCurrent={choose}
						selected={selected}
						opened={opened}
						onOpen={open}
						sought={isSought ? opened : undefined}
						follows={follows && pausedAt === undefined}
						onFollow={follow}
					/>
				)}
			</section>
			{exchange !== undefined && (
				<DetailPane
					key={`${exchange.lb}/${exchange.id}`}
					{...exchange}
					onClose={() => {
						seek(current);
						go({exchange: undefined});
					}}
				/>
			)}
		</div>
	);
}

/**
 * Where what has the focus goes away, the nearest row gets it, and the filter where there is none: a row that is no longer
 * kept, a detail that is closed, a button that has nothing to do any more.
 */
function useRowFocus(rows: readonly ExchangeSummary[], current: number | undefined, setCurrent: (seq: number) => void) {
	const ref = useRef<HTMLDivElement>(null);
	/** The number of the row that is to have the focus, once one is in the document. */
	const wanted = useRef<number | undefined>(undefined);
	const seek = (seq: number | undefined) => {
		wanted.current = seq ?? Number.POSITIVE_INFINITY;
	};
	const {activeElement: had} = document;
	const hadFocus = ref.current?.contains(had) && had instanceof HTMLElement;
	useLayoutEffect(() => {
		if (document.activeElement !== document.body) wanted.current = undefined;
		else if (hadFocus) seek(had.dataset['key'] === undefined ? current : Number(had.dataset['key']));
		if (wanted.current === undefined) return;
		const {current: from} = wanted;
		const nearest = rows.find(({seq}) => seq >= from)?.seq ?? rows.at(-1)?.seq;
		const found = document.querySelector(nearest === undefined ? '#filter' : `[data-key="${nearest}"]`);
		if (found instanceof HTMLElement) {
			wanted.current = undefined;
			found.focus({preventScroll: true});
		} else if (nearest !== undefined) setCurrent(nearest);
	});
	return {ref, seek};
}

function between(rows: readonly ExchangeSummary[], from: number, to: number): ReadonlySet<number> {
	const [low, high] = from < to ? [from, to] : [to, from];
	return new Set(rows.filter(({seq}) => seq >= low && seq <= high).map(({seq}) => seq));
}

function remarkText({message, hint}: {readonly message: string; readonly hint?: string | undefined}): string {
	return visible(hint === undefined ? message : `${message}: ${hint}`);
}

/** Saves the whole exchanges of the list. What the control port would refuse leads nowhere. */
function SaveLink({isUnderstood}: {readonly isUnderstood: boolean}) {
	const {store, route} = usePage();
	const end = store.pausedAt === undefined ? '' : `&before=${store.pausedAt + 1}`;
	const path = `traffic?format=ndjson&limit=${MOST_ROWS}${end}&filter=${encodeURIComponent(route.filter)}`;
	return (
		<a class="button" download title="Save the list" {...(isUnderstood ? {href: path} : {})}>
			NDJSON
		</a>
	);
}

/** `f` and `p`, where no text field has the focus. */
function useTrafficKeys(does: {readonly follow: () => void; readonly pause: () => void}): void {
	useEffect(() => {
		const onKey = (event: KeyboardEvent) => {
			if (!takesLetter(event)) return;
			if (event.key === 'f') does.follow();
			else if (event.key === 'p') does.pause();
		};
		document.addEventListener('keydown', onKey);
		return () => document.removeEventListener('keydown', onKey);
	});
}
