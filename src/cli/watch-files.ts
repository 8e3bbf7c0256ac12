import {type FSWatcher, watch} from 'node:fs';
import {readlink, stat} from 'node:fs/promises';
import path from 'node:path';
import {hasCode, messageOf} from '../base/errors.ts';
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
 *
 * What else happens in those folders costs next to nothing: a log that grows beside the configuration must not have the
 * whole folder read at each line, as libraries do that compare what is in it.
 */
export class FileWatch {
	readonly #options: WatchOptions;
	#files = '';
	#calls = 0;
	/** By folder. */
	readonly #watchers = new Map<string, FSWatcher>();
	/** Folders that are listened to as soon as they are there. */
	#roots: ReadonlySet<string> = new Set();
	#places: ReadonlySet<string> = new Set();
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
		const folders = places.map(place => path.dirname(place));
		// Folders go and come as well, when another branch is checked out, say.
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

	/** Listens to a folder, if it is there. */
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

	/** @param name what is different in the folder; null where the system does not say. */
	#onEvent(folder: string, name: string | null): void {
		const place = path.join(folder, name ?? '');
		const isRoot = this.#roots.has(place);
		if (this.#isClosed || !(isRoot || this.#places.has(place))) return;
		// Another folder may have come in the place of the one that was listened to. Not of itself: its events end then.
		if (isRoot && place !== folder) this.#watchFolder(place);
		this.#touch();
	}

	/** Where there is no folder there is nothing to listen to: the folder it would be in tells when it comes. */
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
