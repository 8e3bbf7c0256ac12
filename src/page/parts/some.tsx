import type {ComponentChildren} from 'preact';
import {useState} from 'preact/hooks';
import {grouped} from '../time.ts';

interface Props<Each> {
	readonly of: readonly Each[];
	/** How many are shown at first, and how many more with each press of the button. */
	readonly most?: number | undefined;
	readonly children: (shown: readonly Each[]) => ComponentChildren;
}

/** The beginning of a list, and what shows more of it: a browser with thousands of rows to paint does nothing else. */
export function Some<Each>({of: all, most = 100, children}: Props<Each>) {
	const [parts, setParts] = useState(1);
	const left = all.length - parts * most;
	return (
		<>
			{children(all.slice(0, parts * most))}
			{all.length > most && (
				// One button, so that the focus stays where it is.
				<button type="button" class="more" onClick={() => setParts(left > 0 ? parts + 1 : 1)}>
					{left > 0 ? `${grouped(Math.min(left, most))} more of ${grouped(all.length)}` : `The first ${most} alone`}
				</button>
			)}
		</>
	);
}
