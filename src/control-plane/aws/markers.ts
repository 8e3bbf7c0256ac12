import {quote} from '../../base/quote.ts';
import type {Fields} from '../fields.ts';

/** Longer than any marker that was given. */
const MAX_LENGTH = 400;

/** Where the next page goes on, in a form that says nothing to those who get it. */
export function markerAfter(what: string | number): string {
	return Buffer.from(`after ${what}`).toString('base64url');
}

/**
 * Reads `Marker`, and reports one that no answer gave.
 *
 * @param read what `markerAfter()` was told; undefined: that it cannot have been.
 * @param given the element in which answers have it.
 */
export function readMarker<Value>(
	fields: Fields,
	given: 'Marker' | 'NextMarker',
	read: (what: string) => Value | undefined,
): Value | undefined {
	const marker = fields.filledText('Marker');
	if (marker === undefined) return undefined;
	const what = marker.length > MAX_LENGTH ? undefined : /^after (.*)$/s.exec(decoded(marker))?.[1];
	const value = what === undefined ? undefined : read(what);
	if (value === undefined) {
		const article = given === 'Marker' ? 'the Marker' : 'a NextMarker';
		fields.refuse('BAD_MARKER', 'Marker', () => `${quote(marker)} is not ${article} of an answer`, marker);
	}
	return value;
}

function decoded(marker: string): string {
	return Buffer.from(marker, 'base64url').toString('latin1');
}
