import {stat} from 'node:fs/promises';
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

/**
 * Watches files, those that are not there yet too, by the folders they are in: most editors replace a file by another
 * of the same name.
 */
export class FileWatch {
	readonly #options: WatchOptions;
	#files = '';
	#watcher: FSWatcher | undefined;
	#timer: NodeJS.Timeout | undefined;
	#isTroubled = false;
	#isClosed = false;

	constructor(options: WatchOptions) {
		this.#options = options;
	}

	/** Watches these and no others from now on, and calls back once for what may have changed before. */
	async set(files: readonly string[]): Promise<void> {
		const id = JSON.stringify(files);
		if (id === this.#files || this.#isClosed) return;
		this.#files = id;
		// Loaded here only: nobody waits for it who watches nothing.
		const {watch} = await import('chokidar');
		const before = this.#watcher;
		this.#watcher = undefined;
		await before?.close();
		if (this.#isClosed || this.#files !== id) return;
		const folders = files.map(file => path.dirname(file));
		// Folders go and come as well, when another branch is checked out, say.
		const roots = new Set([...folders, ...folders.map(folder => path.dirname(folder))]);
		const looked = new Set([...files, ...roots]);
		const watcher = watch([...roots], {depth: 0, ignoreInitial: true, ignored: each => !looked.has(each)});
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

/** Whether this can be read again: a pipe such as `<(…)` cannot. */
export async function isFile(file: string): Promise<boolean> {
	return (await stat(file)).isFile();
}
