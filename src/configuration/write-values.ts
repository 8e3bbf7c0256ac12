import type {Duration} from '../base/duration.ts';
import {formatAddress, formatPath} from '../base/errors.ts';
import {isPrivateKey} from '../base/quote.ts';

/** The key under which a written configuration says what is not in it. Nobody reads keys that begin with `x-`. */
export const NOT_WRITTEN = 'x-not-written';

/** Where something is written, and what could not be written is told. */
export interface WritePlace {
	readonly path: readonly (string | number)[];
	/** Sentences, one for each thing that is not written as it is. */
	readonly notWritten: string[];
}

/** Every key of a description; undefined: it is left out, because it is the default. */
export type Complete<Spec> = {
	readonly [Key in keyof Spec as Key extends `x-${string}` ? never : Key]-?: Spec[Key] | undefined;
};

/** A description without the keys that are undefined. A field that is new does not compile until it is written. */
export function written<Spec extends object>(complete: Complete<Spec>): Spec {
	// Own keys, also one named `__proto__`.
	const given = Object.fromEntries(Object.entries(complete).filter(([, value]) => value !== undefined));
	// `Complete` has every key of it, and what is optional may be missing.
	return given as Spec;
}

/** Tells that something is not written as it is. */
export function tell({path, notWritten}: WritePlace, message: string): void {
	notWritten.push(`${formatPath(path)}: ${message}`);
}

/** The place under these keys. */
export function below({path, notWritten}: WritePlace, ...keys: readonly (string | number)[]): WritePlace {
	return {path: [...path, ...keys], notWritten};
}

/** What is the default is left out. */
export function unless<Value>(value: Value, usual: Value): Value | undefined {
	return value === usual ? undefined : value;
}

/** An object or a list without entries is left out. */
export function unlessEmpty<Value extends object>(value: Value): Value | undefined {
	return Object.keys(value).length === 0 ? undefined : value;
}

/** A duration as a file has it: whole seconds, or else milliseconds. */
export function writeDuration(ms: number): Duration {
	if (ms >= 1000 && ms % 1000 === 0) return `${ms / 1000}s`;
	const text = String(ms);
	// Below a millionth of a millisecond a number has an exponent, which no duration may have.
	return text.includes('e') ? '0ms' : `${ms}ms`;
}

/** Where a server listens, as `readAddress` reads it. */
export function writeAddress(host: string, port: number | undefined): string {
	return port === undefined ? host : formatAddress(host, port);
}

/** A text of the user's own, unless a private key is in it. */
export function withoutKey(text: string | undefined, place: WritePlace): string | undefined {
	if (text === undefined || !isPrivateKey(text)) return text;
	tell(place, 'a private key stands in it: it is left out');
	return undefined;
}
