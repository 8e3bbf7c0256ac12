import {hasCode, messageOf} from '../base/errors.ts';

/** Why the configuration could not be read again, or not be carried out, for whoever looks at what runs. */
export class ReloadProblem {
	#text: string | undefined;
	readonly #onChange: () => void;

	/** @param onChange told that there is another problem, or none any more. */
	constructor(onChange: () => void) {
		this.#onChange = onChange;
	}

	/** In one line; none while what runs is what the configuration says. */
	get warnings(): readonly string[] {
		if (this.#text === undefined) return [];
		return [`the configuration cannot be carried out, and what ran before goes on: ${this.#text}`];
	}

	/** Takes note of how a reload ends. */
	async during<Reloaded>(reload: () => Promise<Reloaded>): Promise<Reloaded> {
		try {
			const reloaded = await reload();
			this.#become(undefined);
			return reloaded;
		} catch (error) {
			if (!hasCode(error, 'STOPPED')) this.#become(inOneLine(messageOf(error)));
			throw error;
		}
	}

	#become(text: string | undefined): void {
		if (text === this.#text) return;
		this.#text = text;
		this.#onChange();
	}
}

function inOneLine(text: string): string {
	return text
		.split('\n')
		.map(line => line.trim())
		.join(' ');
}
