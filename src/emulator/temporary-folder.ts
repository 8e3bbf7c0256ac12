import {mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {type Watched, watchFolder} from '../base/parent-watcher.ts';

/** A folder of one emulator, made on first use. It goes with this process at the latest. */
export class TemporaryFolder {
	#path: string | undefined;
	#watched: Watched | undefined;

	get path(): string {
		if (this.#path === undefined) {
			this.#path = mkdtempSync(path.join(tmpdir(), 'lb-local-'));
			this.#watched = watchFolder(this.#path);
		}
		return this.#path;
	}

	/** Removes it, if there is one. */
	async remove(): Promise<void> {
		if (this.#path !== undefined) rmSync(this.#path, {recursive: true, force: true});
		this.#path = undefined;
		await this.#watched?.release();
		this.#watched = undefined;
	}
}
