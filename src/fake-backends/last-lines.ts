import type {Readable} from 'node:stream';

/** Keeps the last lines that a process writes, in bounded memory. */
export class LastLines {
	readonly lines: string[] = [];
	readonly #limits: {readonly lines: number; readonly characters: number};

	constructor(limits: {readonly lines: number; readonly characters: number}) {
		this.#limits = limits;
	}

	/** Reads a stream to its end. A line is added when it is complete, too long, or the last one. */
	follow(stream: Readable): void {
		let rest = '';
		stream.setEncoding('utf8');
		stream.on('error', () => {
			// A broken pipe is not reported: how the process ended is known from the process.
		});
		stream.on('data', (text: string) => {
			// The rest is not searched again with each piece: a line may arrive character by character.
			const parts = text.split('\n');
			const last = parts.pop() ?? '';
			for (const part of parts) {
				const line = rest + part;
				this.#add(line.endsWith('\r') ? line.slice(0, -1) : line);
				rest = '';
			}
			rest += last;
			if (rest.length > this.#limits.characters) {
				this.#add(rest);
				rest = '';
			}
		});
		stream.on('end', () => {
			if (rest !== '') this.#add(rest);
		});
	}

	#add(line: string): void {
		const {lines, characters} = this.#limits;
		this.lines.push(line.length > characters ? `${line.slice(0, characters)}…` : line);
		if (this.lines.length > lines) this.lines.shift();
	}
}
