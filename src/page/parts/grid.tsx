import {useEffect, useLayoutEffect, useRef, useState} from 'preact/hooks';
import type {Column} from './table.tsx';

interface Props<Row> {
	readonly label: string;
	readonly columns: readonly Column<Row>[];
	readonly rows: readonly Row[];
	/** How many there are before them that have not been read. */
	readonly missing: number;
	/** Some of those are to be seen, or will soon be. */
	readonly onMissing: () => void;
	readonly keyOf: (row: Row) => number;
	readonly classOf: (row: Row) => string;
	/** The row that has the focus, or would get it. */
	readonly current: number | undefined;
	readonly onCurrent: (key: number, how: {readonly extend: boolean}) => void;
	readonly selected: ReadonlySet<number>;
	/** The row whose detail is shown. */
	readonly opened: number | undefined;
	readonly onOpen: (row: Row) => void;
	/** A row that is to be seen, wherever the list was. */
	readonly sought: number | undefined;
	/** Whether it stays at its end when rows come. */
	readonly follows: boolean;
	readonly onFollow: (follows: boolean) => void;
}

/** The height of a row, in pixels; the style sheet has the same. */
const ROW = 28;
/** Higher than any window: a style sheet that did not load must not bring all rows into the document. */
const MOST_HEIGHT = 3000;
/** Rows above and below those that are seen, so that scrolling shows no gap. */
const SPARE = 8;
/** So many rows before those that have not been read are to be seen, they are asked for. */
const AHEAD = 100;

/**
 * A list of any length, of which only the rows that are seen are in the document, and the one with the focus. As a grid of
 * WAI-ARIA 1.2, with one row in the order of the Tab key.
 */
export function Grid<Row>(props: Props<Row>) {
	const {label, columns, rows, missing, onMissing, keyOf, sought, follows, onFollow} = props;
	const ref = useRef<HTMLDivElement>(null);
	/** Where the focus is to go as soon as its row is there. */
	const wanted = useRef<Wanted | undefined>(undefined);
	const [view, setView] = useState({top: 0, height: 600});
	/** The row at the upper edge, where the list does not follow, and how far it was scrolled. */
	const held = useRef<{key: number; index: number; top: number} | undefined>(undefined);
	/** How far it was scrolled to a row that was sought: at the end that is not to follow. */
	const soughtTop = useRef<number | undefined>(undefined);
	const hold = () => {
		const {scrollTop = 0} = ref.current ?? {};
		const index = Math.floor(scrollTop / ROW);
		const row = rows[index - missing];
		held.current = row && {key: keyOf(row), index, top: scrollTop};
	};
	/** Rows that are gone from the beginning must not move those that somebody looks at. */
	const stay = () => {
		const {key, index = 0, top} = held.current ?? {};
		// Unless it was scrolled elsewhere meanwhile.
		if (ref.current === null || ref.current.scrollTop !== top) return;
		const place = rows.findIndex(row => keyOf(row) === key);
		if (place >= 0) ref.current.scrollTop += (missing + place - index) * ROW;
	};
	const look = () => {
		const {scrollTop = 0} = ref.current ?? {};
		const clientHeight = Math.min(MOST_HEIGHT, ref.current?.clientHeight ?? 600);
		setView(before =>
			before.top === scrollTop && before.height === clientHeight ? before : {top: scrollTop, height: clientHeight},
		);
	};
	useEffect(() => {
		const observer = new ResizeObserver(look);
		if (ref.current !== null) observer.observe(ref.current);
		return () => observer.disconnect();
	}, []);
	useLayoutEffect(() => {
		if (follows && ref.current !== null) ref.current.scrollTop = ref.current.scrollHeight;
		else stay();
		// Nearly always there is none, and there may be 10,000 rows.
		const place = sought === undefined ? -1 : rows.findIndex(row => keyOf(row) === sought);
		if (place >= 0) {
			scrollTo(ref.current, missing + place);
			soughtTop.current = ref.current?.scrollTop;
		}
		hold();
		look();
		if (wanted.current !== undefined) reach(props, wanted, ref.current);
	}, [follows, rows.length, rows, missing, sought]);
	const total = missing + rows.length;
	const top = Math.floor(view.top / ROW);
	useEffect(() => {
		if (!follows && top < missing + AHEAD) onMissing();
	});
	const first = Math.max(missing, top - SPARE);
	const last = Math.min(total, Math.ceil((view.top + view.height) / ROW) + SPARE);
	const shown = rows
		.slice(first - missing, Math.max(0, last - missing))
		.map((row, index) => ({row, index: first + index}));
	const place = rows.findIndex(row => keyOf(row) === props.current);
	const currentIndex = missing + place;
	const focused = rows[place];
	if (focused !== undefined && (currentIndex < first || currentIndex >= last)) {
		shown.push({row: focused, index: currentIndex});
	}
	const tabbable = focused === undefined ? shown.at(-1)?.index : currentIndex;
	const onScroll = () => {
		hold();
		look();
		const {scrollTop = 0, clientHeight = 0, scrollHeight = 0} = ref.current ?? {};
		const isAtEnd = scrollHeight - scrollTop - clientHeight < ROW;
		if (scrollTop === soughtTop.current) return;
		soughtTop.current = undefined;
		if (isAtEnd !== follows) onFollow(isAtEnd);
	};
	return (
		<div class="grid" ref={ref} onScroll={onScroll}>
			<div
				role="grid"
				aria-label={label}
				aria-rowcount={total + 1}
				aria-colcount={columns.length}
				aria-multiselectable="true"
				onKeyDown={event =>
					onKey(event, {...props, currentIndex: tabbable ?? -1, page: Math.floor(view.height / ROW) - 2, ref, wanted})
				}
			>
				<div role="row" class="row head" aria-rowindex={1}>
					{columns.map(({name, kind}) => (
						<div key={name} role="columnheader" class={`cell ${kind}`}>
							{name}
						</div>
					))}
				</div>
				<div role="rowgroup" class="rows" style={{height: `${total * ROW}px`}}>
					{shown.map(({row, index}) => (
						<GridRow key={keyOf(row)} {...props} row={row} index={index} isTabbable={index === tabbable} />
					))}
				</div>
			</div>
		</div>
	);
}

interface RowProps<Row> extends Props<Row> {
	readonly row: Row;
	readonly index: number;
	readonly isTabbable: boolean;
}

function GridRow<Row>({
	row,
	index,
	isTabbable,
	columns,
	keyOf,
	classOf,
	selected,
	opened,
	onCurrent,
	onOpen,
}: RowProps<Row>) {
	const key = keyOf(row);
	return (
		<div
			role="row"
			class={`row ${classOf(row)}`}
			data-key={key}
			aria-rowindex={index + 2}
			aria-selected={selected.has(key)}
			aria-current={key === opened}
			tabIndex={isTabbable ? 0 : -1}
			style={{top: `${index * ROW}px`}}
			onFocus={() => onCurrent(key, {extend: false})}
			onClick={event => {
				if (event.shiftKey) onCurrent(key, {extend: true});
				else onOpen(row);
			}}
			onKeyDown={event => {
				if (event.key === 'Enter') onOpen(row);
			}}
		>
			{columns.map(({name, kind, cell}) => (
				<div key={name} role="gridcell" class={`cell ${kind}`}>
					{cell(row)}
				</div>
			))}
		</div>
	);
}

interface Wanted {
	/** Of a row, those that have not been read counted too. */
	readonly index: number;
	readonly extend: boolean;
}

interface Keys<Row> extends Props<Row> {
	readonly currentIndex: number;
	readonly page: number;
	readonly ref: {readonly current: HTMLDivElement | null};
	readonly wanted: {current: Wanted | undefined};
}

function onKey<Row>(event: KeyboardEvent, keys: Keys<Row>): void {
	const {rows, missing, currentIndex, page, ref, wanted, onFollow} = keys;
	if (event.ctrlKey || event.metaKey || event.altKey) return;
	const end = missing + rows.length - 1;
	const steps: Record<string, number> = {
		ArrowDown: currentIndex + 1,
		ArrowUp: currentIndex - 1,
		PageDown: currentIndex + page,
		PageUp: currentIndex - page,
		Home: 0,
		End: end,
	};
	const to = steps[event.key];
	if (to === undefined || end < 0) return;
	const index = Math.max(0, Math.min(end, to));
	event.preventDefault();
	if (event.key === 'End') onFollow(true);
	else if (index < end) onFollow(false);
	wanted.current = {index, extend: event.shiftKey};
	scrollTo(ref.current, index);
	reach(keys, wanted, ref.current);
}

function scrollTo(grid: HTMLDivElement | null, index: number): void {
	if (grid === null) return;
	const top = index * ROW;
	grid.scrollTop = Math.max(Math.min(grid.scrollTop, top), top + 2 * ROW - grid.clientHeight);
}

/** Gives a row the focus if it has been read. It may come into the document with the next painting alone. */
function reach<Row>(
	{rows, missing, keyOf, onCurrent}: Props<Row>,
	wanted: Keys<Row>['wanted'],
	grid: HTMLDivElement | null,
): void {
	const {index = 0, extend = false} = wanted.current ?? {};
	const row = rows[index - missing];
	if (row === undefined) return;
	wanted.current = undefined;
	const key = keyOf(row);
	onCurrent(key, {extend});
	requestAnimationFrame(() => {
		const found = grid?.querySelector(`[data-key="${key}"]`);
		if (found instanceof HTMLElement) found.focus({preventScroll: true});
	});
}
