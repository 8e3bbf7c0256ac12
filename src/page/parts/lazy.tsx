import type {ComponentChildren} from 'preact';
import {useEffect, useState} from 'preact/hooks';

type More = typeof import('../more.ts');

/** A part of the page that is loaded when it is shown first. */
export function Lazy({children}: {readonly children: (more: More) => ComponentChildren}) {
	const [more, setMore] = useState<More>();
	useEffect(() => {
		void import('../more.ts').then(loaded => setMore(loaded));
	}, []);
	return more === undefined ? <p>Loading…</p> : children(more);
}
