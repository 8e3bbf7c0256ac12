import type {Emulator} from '../emulator.ts';
import type {Output} from './output.ts';
import {printable} from './text.ts';

/** Prints each notice and warning of an emulator once. */
export class NoticePrinter {
	readonly #emulator: Pick<Emulator, 'notices' | 'warnings'>;
	readonly #output: Output;
	readonly #quiet: boolean;
	#notices: readonly string[] = [];
	#warnings: readonly string[] = [];

	/** @param options `quiet` prints only warnings. */
	constructor(emulator: Pick<Emulator, 'notices' | 'warnings'>, output: Output, {quiet}: {readonly quiet: boolean}) {
		this.#emulator = emulator;
		this.#output = output;
		this.#quiet = quiet;
	}

	/** Prints those that are new since the last call. */
	print(): void {
		const {notices, warnings} = this.#emulator;
		const fresh = this.#quiet ? [] : since(this.#notices, notices);
		for (const notice of fresh) this.#output.say(`${this.#output.paintProse('name', 'note:')} ${printable(notice)}`);
		for (const warning of since(this.#warnings, warnings)) this.#output.warn(printable(warning));
		this.#notices = [...notices];
		this.#warnings = [...warnings];
	}
}

/** The new items of a list that grows at its end, and from which older items may have been removed. */
function since(before: readonly string[], now: readonly string[]): readonly string[] {
	let kept = 0;
	for (const one of before) if (now[kept] === one) kept++;
	return now.slice(kept);
}
