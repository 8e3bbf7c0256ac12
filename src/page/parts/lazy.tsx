import type {ComponentChildren} from 'preact';
import {useEffect} from 'preact/hooks';
import {type More, usePage} from './hooks.ts';

/** A part of the page that is loaded when it is shown first. */
export function Lazy({children}: {readonly children: (more: More) => ComponentChildren}) {
	const {more, loadMore} = usePage();
	useEffect(loadMore, []);
	return more === undefined ? <p>Loading…</p> : children(more);
}
