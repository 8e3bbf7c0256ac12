import type {ComponentChildren} from 'preact';
import {useEffect, useLayoutEffect, useRef, useState} from 'preact/hooks';

export interface Column<Row> {
	readonly name: string;
	/** A class of the style sheet. */
	readonly kind: string;
	readonly cell: (row: Row) => ComponentChildren;
}

interface Props<Row> {
	readonly label: string;
	readonly columns: readonly Column<Row>[];
	readonly rows: readonly Row[];
	readonly keyOf: (row: Row) => number;
	readonly classOf: (row: Row) => string;
	/** The row that has the focus, or would get it. */
	readonly current: number | undefined;
	readonly onCurrent: (key: number, how: {readonly extend: boolean}) => void;
	readonly selected: ReadonlySet<number>;
	readonly onOpen: (row: Row) => void;
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

/**
 * A list of any length, of which only the rows that are seen are in the document, and the one with the focus. As a grid of
 * WAI-ARIA 1.2, with one row in the order of the Tab key.
 */
export function Grid<Row>(props: Props<Row>) {
	const {label, columns, rows, keyOf, follows, onFollow} = props;
	const ref = useRef<HTMLDivElement>(null);
	const [view, setView] = useState({top: 0, height: 600});
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
		look();
	}, [follows, rows.length, rows]);
	const first = Math.max(0, Math.floor(view.top / ROW) - SPARE);
	const last = Math.min(rows.length, Math.ceil((view.top + view.height) / ROW) + SPARE);
	const shown = rows.slice(first, last).map((row, index) => ({row, index: first + index}));
	const currentIndex = rows.findIndex(row => keyOf(row) === props.current);
	const focused = rows[currentIndex];
	if (focused !== undefined && (currentIndex < first || currentIndex >= last)) {
		shown.push({row: focused, index: currentIndex});
	}
	const tabbable = focused === undefined ? shown.at(-1)?.index : currentIndex;
	const onScroll = () => {
		look();
		const {scrollTop = 0, clientHeight = 0, scrollHeight = 0} = ref.current ?? {};
		const isAtEnd = scrollHeight - scrollTop - clientHeight < ROW;
		if (isAtEnd !== follows) onFollow(isAtEnd);
	};
	return (
		<div class="grid" ref={ref} onScroll={onScroll}>
			<div
				role="grid"
				aria-label={label}
				aria-rowcount={rows.length + 1}
				aria-colcount={columns.length}
				aria-multiselectable="true"
				onKeyDown={event =>
					onKey(event, {...props, currentIndex: tabbable ?? -1, page: Math.floor(view.height / ROW) - 2, ref})
				}
			>
				<div role="row" class="row head" aria-rowindex={1}>
					{columns.map(({name, kind}) => (
						<div key={name} role="columnheader" class={`cell ${kind}`}>
							{name}
						</div>
					))}
				</div>
				<div role="rowgroup" class="rows" style={{height: `${rows.length * ROW}px`}}>
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

function GridRow<Row>({row, index, isTabbable, columns, keyOf, classOf, selected, onCurrent, onOpen}: RowProps<Row>) {
	const key = keyOf(row);
	return (
		<div
			role="row"
			class={`row ${classOf(row)}`}
			data-key={key}
			aria-rowindex={index + 2}
			aria-selected={selected.has(key)}
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

interface Keys<Row> extends Props<Row> {
	readonly currentIndex: number;
	readonly page: number;
	readonly ref: {readonly current: HTMLDivElement | null};
}

function onKey<Row>(
	event: KeyboardEvent,
	{rows, keyOf, currentIndex, page, ref, onCurrent, onFollow}: Keys<Row>,
): void {
	if (event.ctrlKey || event.metaKey || event.altKey) return;
	const steps: Record<string, number> = {
		ArrowDown: currentIndex + 1,
		ArrowUp: currentIndex - 1,
		PageDown: currentIndex + page,
		PageUp: currentIndex - page,
		Home: 0,
		End: rows.length - 1,
	};
	const to = steps[event.key];
	const index = to === undefined ? -1 : Math.max(0, Math.min(rows.length - 1, to));
	const row = rows[index];
	if (row === undefined) return;
	event.preventDefault();
	if (event.key === 'End') onFollow(true);
	else if (index < rows.length - 1) onFollow(false);
	onCurrent(keyOf(row), {extend: event.shiftKey});
	focusRow(ref.current, keyOf(row), index);
}

/** The row may come into the document with the next painting alone. */
function focusRow(grid: HTMLDivElement | null, key: number, index: number): void {
	if (grid === null) return;
	const top = index * ROW;
	if (top < grid.scrollTop) grid.scrollTop = top;
	else if (top + 2 * ROW > grid.scrollTop + grid.clientHeight) grid.scrollTop = top + 2 * ROW - grid.clientHeight;
	requestAnimationFrame(() => {
		const row = grid.querySelector(`[data-key="${key}"]`);
		if (row instanceof HTMLElement) row.focus({preventScroll: true});
	});
}
