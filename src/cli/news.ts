import type {Emulator} from '../emulator.ts';
import type {Output} from './output.ts';
import {printable} from './text.ts';

/** Tells each notice and warning of an emulator once, whoever has caused it. */
export class News {
	readonly #emulator: Pick<Emulator, 'notices' | 'warnings'>;
	readonly #output: Output;
	readonly #quiet: boolean;
	#notices = 0;
	#warnings = 0;

	/** @param options `quiet` tells warnings only. */
	constructor(emulator: Pick<Emulator, 'notices' | 'warnings'>, output: Output, {quiet}: {readonly quiet: boolean}) {
		this.#emulator = emulator;
		this.#output = output;
		this.#quiet = quiet;
	}

	/** Tells what is new since the last call. */
	tell(): void {
		const {notices, warnings} = this.#emulator;
		const fresh = this.#quiet ? [] : notices.slice(this.#notices);
		for (const notice of fresh) this.#output.say(`${this.#output.paintProse('name', 'note:')} ${printable(notice)}`);
		for (const warning of warnings.slice(this.#warnings)) this.#output.warn(printable(warning));
		this.#notices = notices.length;
		this.#warnings = warnings.length;
	}
}
