import type {ComponentChildren} from 'preact';
import {useKeptFocus} from './hooks.ts';
import {Some} from './some.tsx';

/** Of a table, or of the list of exchanges. */
export interface Column<Row> {
	readonly name: string;
	/** Classes of the style sheet. `title`: what a row of a table is about. */
	readonly kind: string;
	readonly cell: (row: Row) => ComponentChildren;
}

interface Props<Row> {
	/** What it is of: `Armed faults`. */
	readonly label: string;
	readonly columns: readonly Column<Row>[];
	readonly rows: readonly Row[];
	/** How many rows are shown until more are asked for. */
	readonly most?: number | undefined;
	readonly keyOf: (row: Row) => string | number;
	readonly classOf?: (row: Row) => string;
}

/** A table whose rows become lists of names and values where the window is narrow: the style sheet does that. */
export function Table<Row>({label, columns, rows, most, keyOf, classOf}: Props<Row>) {
	const ref = useKeptFocus<HTMLElement>();
	return (
		// biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls has to be reached by the keyboard.
		<section ref={ref} class="scroll" tabIndex={0} aria-label={`${label}, a table`}>
			<Some of={rows} most={most}>
				{shown => (
					<table>
						<caption class="hidden">{label}</caption>
						<thead>
							<tr>
								{columns.map(({name, kind}) => (
									<th key={name} scope="col" class={kind}>
										{name}
									</th>
								))}
							</tr>
						</thead>
						<tbody>
							{shown.map(row => (
								<tr key={keyOf(row)} class={classOf?.(row)}>
									{columns.map(({name, kind, cell}) => {
										const [Cell, scope] = kind === 'title' ? (['th', 'row'] as const) : (['td'] as const);
										return (
											<Cell key={name} scope={scope} class={kind} data-name={name}>
												{cell(row)}
											</Cell>
										);
									})}
								</tr>
							))}
						</tbody>
					</table>
				)}
			</Some>
		</section>
	);
}
