import {readlink, stat} from 'node:fs/promises';
import path from 'node:path';
import type {FSWatcher} from 'chokidar';
import {messageOf} from '../base/errors.ts';
import {clearTimeout, setTimeout} from '../base/timers.ts';

export interface WatchOptions {
	/** Called when something may be different, once things have been quiet for a moment. */
	readonly onChange: () => void;
	/** Told once when files cannot be watched. */
	readonly onTrouble: (message: string) => void;
}

/** Editors and deploys write in several steps: it is looked at what they have written when they are done. A guess. */
const QUIET_MS = 100;

/** As many links as Linux follows in one path: path_resolution(7). */
const MAX_LINKS = 40;

/**
 * Watches files, those that are not there yet too, by the folders they are in: most editors replace a file by another
 * of the same name. Links on the way to a file are watched as well, those to folders too: deploys swap `current`, and
 * Kubernetes swaps `..data`.
 */
export class FileWatch {
	readonly #options: WatchOptions;
	#files = '';
	#calls = 0;
	#watcher: FSWatcher | undefined;
	#timer: NodeJS.Timeout | undefined;
	#isTroubled = false;
	#isClosed = false;

	constructor(options: WatchOptions) {
		this.#options = options;
	}

	/**
	 * Watches these and no others from now on, and calls back once for what may have changed before. To be called after
	 * each change: links may lead elsewhere.
	 *
	 * @param files absolute paths.
	 */
	async set(files: readonly string[]): Promise<void> {
		const call = ++this.#calls;
		const places = await placesOnTheWay(files);
		const id = JSON.stringify(places);
		if (id === this.#files || this.#isClosed || call !== this.#calls) return;
		this.#files = id;
		// Loaded here only: nobody waits for it who watches nothing.
		const {watch} = await import('chokidar');
		const before = this.#watcher;
		this.#watcher = undefined;
		await before?.close();
		if (this.#isClosed || this.#files !== id) return;
		const folders = places.map(place => path.dirname(place));
		// Folders go and come as well, when another branch is checked out, say.
		const roots = new Set([...folders, ...folders.map(folder => path.dirname(folder))]);
		const looked = new Set([...places, ...roots]);
		const watcher = watch([...roots], {
			depth: 0,
			ignoreInitial: true,
			// It is told of a link that leads elsewhere; where it leads is watched as another place.
			followSymlinks: false,
			ignored: each => !looked.has(each),
		});
		this.#watcher = watcher;
		watcher.on('all', (event, at) => {
			if (event === 'addDir') watcher.add(at);
			this.#touch();
		});
		watcher.on('ready', () => this.#touch());
		watcher.on('error', error => {
			if (!this.#isTroubled) this.#options.onTrouble(messageOf(error));
			this.#isTroubled = true;
		});
	}

	async close(): Promise<void> {
		this.#isClosed = true;
		clearTimeout(this.#timer);
		await this.#watcher?.close();
	}

	#touch(): void {
		if (this.#isClosed) return;
		clearTimeout(this.#timer);
		this.#timer = setTimeout(this.#options.onChange, QUIET_MS);
	}
}

/** The links that are followed on the way to each file, and where the file is in the end; all without links in them. */
async function placesOnTheWay(files: readonly string[]): Promise<string[]> {
	const links = new Map<string, Promise<string | undefined>>();
	const linkAt = (place: string) => {
		const known = links.get(place) ?? readlink(place).catch(() => undefined);
		links.set(place, known);
		return known;
	};
	const places = new Set<string>();
	for (const file of files) for (const place of await wayTo(file, linkAt)) places.add(place);
	return [...places];
}

async function wayTo(file: string, linkAt: (place: string) => Promise<string | undefined>): Promise<string[]> {
	const places: string[] = [];
	let {root: at} = path.parse(file);
	let names = namesIn(file);
	for (let name = names.shift(); name !== undefined; name = names.shift()) {
		const next = path.join(at, name);
		const target = await linkAt(next);
		if (target === undefined) {
			at = next;
			continue;
		}
		if (places.push(next) > MAX_LINKS) return places;
		if (path.isAbsolute(target)) at = path.parse(target).root;
		names = [...namesIn(target), ...names];
	}
	return [...places, at];
}

function namesIn(file: string): string[] {
	return file
		.slice(path.parse(file).root.length)
		.split(path.sep)
		.filter(name => name !== '' && name !== '.');
}

/** Whether this can be read again: a pipe such as `<(…)` cannot. */
export async function isFile(file: string): Promise<boolean> {
	return (await stat(file)).isFile();
}
