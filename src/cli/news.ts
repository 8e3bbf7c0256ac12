import type {Emulator} from '../emulator.ts';
import type {Output} from './output.ts';
import {printable} from './text.ts';

/** Tells each notice and warning of an emulator once, whoever has caused it. */
export class News {
	readonly #emulator: Pick<Emulator, 'notices' | 'warnings'>;
	readonly #output: Output;
	readonly #quiet: boolean;
	#notices: readonly string[] = [];
	#warnings: readonly string[] = [];

	/** @param options `quiet` tells warnings only. */
	constructor(emulator: Pick<Emulator, 'notices' | 'warnings'>, output: Output, {quiet}: {readonly quiet: boolean}) {
		this.#emulator = emulator;
		this.#output = output;
		this.#quiet = quiet;
	}

	/** Tells what is new since the last call. */
	tell(): void {
		const {notices, warnings} = this.#emulator;
		const fresh = this.#quiet ? [] : since(this.#notices, notices);
		for (const notice of fresh) this.#output.say(`${this.#output.paintProse('name', 'note:')} ${printable(notice)}`);
		for (const warning of since(this.#warnings, warnings)) this.#output.warn(printable(warning));
		this.#notices = [...notices];
		this.#warnings = [...warnings];
	}
}

/** What has come to a list whose ends are new, and out of which some may have gone. */
function since(before: readonly string[], now: readonly string[]): readonly string[] {
	let kept = 0;
	for (const told of before) if (now[kept] === told) kept++;
	return now.slice(kept);
}
