import {type FSWatcher, watch} from 'node:fs';
import {readlink, stat} from 'node:fs/promises';
import path from 'node:path';
import {hasCode, messageOf} from '../base/errors.ts';
import {clearTimeout, setTimeout} from '../base/timers.ts';

export interface WatchOptions {
	/** Called when something may have changed, after a moment without further events. */
	readonly onChange: () => void;
	/** Called once when files cannot be watched. */
	readonly onTrouble: (message: string) => void;
}

/** Editors and deployments write in several steps; this waits until they are done. A guess. */
const QUIET_MS = 100;

/** The number of links that Linux follows in one path: path_resolution(7). */
const MAX_LINKS = 40;

/**
 * Watches files, including missing ones, through their folders, because most editors replace a file by a new one of the
 * same name. Links in the path of a file are watched too, including those to folders: deployments swap `current`, and
 * Kubernetes swaps `..data`.
 *
 * Other events in these folders cost almost nothing. Libraries that compare the contents of a folder would read all of
 * it for each line of a log that grows beside the configuration.
 */
export class FileWatch {
	readonly #options: WatchOptions;
	#files = '';
	#calls = 0;
	/** By folder. */
	readonly #watchers = new Map<string, FSWatcher>();
	/** Folders that are watched as soon as they exist. */
	#roots: ReadonlySet<string> = new Set();
	#places: ReadonlySet<string> = new Set();
	#timer: NodeJS.Timeout | undefined;
	#isTroubled = false;
	#isClosed = false;

	constructor(options: WatchOptions) {
		this.#options = options;
	}

	/**
	 * Watches exactly these files from now on, and calls back once for changes that may have happened before. To be
	 * called after each change, because links may have changed.
	 *
	 * @param files absolute paths.
	 */
	async set(files: readonly string[]): Promise<void> {
		const call = ++this.#calls;
		const places = await placesOnPaths(files);
		const id = JSON.stringify(places);
		if (id === this.#files || this.#isClosed || call !== this.#calls) return;
		this.#files = id;
		const folders = places.map(place => path.dirname(place));
		// Folders may disappear and come back too, for example when another branch is checked out.
		this.#roots = new Set([...folders, ...folders.map(folder => path.dirname(folder))]);
		this.#places = new Set(places);
		this.#closeWatchers();
		for (const root of this.#roots) this.#watchFolder(root);
		this.#touch();
	}

	async close(): Promise<void> {
		this.#isClosed = true;
		clearTimeout(this.#timer);
		this.#closeWatchers();
	}

	#closeWatchers(): void {
		for (const watcher of this.#watchers.values()) watcher.close();
		this.#watchers.clear();
	}

	/** Watches a folder, if it exists. */
	#watchFolder(folder: string): void {
		this.#watchers.get(folder)?.close();
		this.#watchers.delete(folder);
		try {
			const watcher = watch(folder, (_, name) => this.#onEvent(folder, name));
			watcher.on('error', error => this.#onTrouble(error));
			this.#watchers.set(folder, watcher);
		} catch (error) {
			this.#onTrouble(error);
		}
	}

	/** @param name the changed name in the folder; null when the system does not report it. */
	#onEvent(folder: string, name: string | null): void {
		const place = path.join(folder, name ?? '');
		const isRoot = this.#roots.has(place);
		if (this.#isClosed || !(isRoot || this.#places.has(place))) return;
		// The watched folder may have been replaced by another one; its parent reports that, since its own events end.
		if (isRoot && place !== folder) this.#watchFolder(place);
		this.#touch();
	}

	/** A missing folder cannot be watched; its parent reports when it appears. */
	#onTrouble(error: unknown): void {
		if (hasCode(error, 'ENOENT') || hasCode(error, 'ENOTDIR')) return;
		if (!this.#isTroubled) this.#options.onTrouble(messageOf(error));
		this.#isTroubled = true;
	}

	#touch(): void {
		if (this.#isClosed) return;
		clearTimeout(this.#timer);
		this.#timer = setTimeout(this.#options.onChange, QUIET_MS);
	}
}

/** The links in the path of each file, and the final place of the file; all without links in their own paths. */
async function placesOnPaths(files: readonly string[]): Promise<string[]> {
	const links = new Map<string, Promise<string | undefined>>();
	const linkAt = (place: string) => {
		const known = links.get(place) ?? readlink(place).catch(() => undefined);
		links.set(place, known);
		return known;
	};
	const places = new Set<string>();
	for (const file of files) for (const place of await placesOnPath(file, linkAt)) places.add(place);
	return [...places];
}

async function placesOnPath(file: string, linkAt: (place: string) => Promise<string | undefined>): Promise<string[]> {
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

/** Whether it can be read again: a pipe such as `<(…)` cannot. */
export async function isFile(file: string): Promise<boolean> {
	return (await stat(file)).isFile();
}
