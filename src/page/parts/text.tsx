import {cut, visible} from '../escape.ts';

/** As much of a text of others as is shown in one line. */
const MOST = 300;

/** A text that a client or a back-end wrote, in one line. */
export function Text({of: text, most = MOST}: {readonly of: string; readonly most?: number}) {
	return <bdi>{visible(cut(text, most))}</bdi>;
}

/** A state as a word and a shape; the colour only repeats it. */
export function Badge({kind, children}: {readonly kind: 'good' | 'bad' | 'busy' | 'quiet'; readonly children: string}) {
	const shape = {good: '●', bad: '○', busy: '◐', quiet: '–'}[kind];
	return (
		<span class={`badge ${kind}`}>
			<span aria-hidden="true">{shape}</span> {children}
		</span>
	);
}
