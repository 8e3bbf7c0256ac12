import type {Readable} from 'node:stream';

/** Keeps the last lines of what a process writes, and no more of it than that, whatever it writes. */
export class LastLines {
	readonly lines: string[] = [];
	readonly #limits: {readonly lines: number; readonly characters: number};

	constructor(limits: {readonly lines: number; readonly characters: number}) {
		this.#limits = limits;
	}

	/** Reads a stream to its end. A line counts once it is whole, too long, or the last one. */
	follow(stream: Readable): void {
		let rest = '';
		stream.setEncoding('utf8');
		stream.on('error', () => {
			// A pipe that breaks has nothing more to say; how the process ended is told by the process.
		});
		stream.on('data', (text: string) => {
			// What is left over is not looked through again with every piece: a line may come character by character.
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
