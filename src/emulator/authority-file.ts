import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {type Watched, watchFolder} from '../base/parent-watcher.ts';
import type {Authority} from '../certificates/authority.ts';

/** The file that holds an authority's certificate: the one it is stored in, or a temporary one made on first use. */
export class AuthorityFile {
	readonly #authority: Authority;
	#directory: string | undefined;
	#watched: Watched | undefined;

	constructor(authority: Authority) {
		this.#authority = authority;
	}

	get path(): string {
		if ('file' in this.#authority && typeof this.#authority.file === 'string') return this.#authority.file;
		if (this.#directory === undefined) {
			this.#directory = mkdtempSync(path.join(tmpdir(), 'lb-local-'));
			this.#watched = watchFolder(this.#directory);
			writeFileSync(path.join(this.#directory, 'authority.pem'), this.#authority.pem);
		}
		return path.join(this.#directory, 'authority.pem');
	}

	/** Removes the temporary file, if there is one. It goes with this process at the latest. */
	async remove(): Promise<void> {
		if (this.#directory !== undefined) rmSync(this.#directory, {recursive: true, force: true});
		this.#directory = undefined;
		await this.#watched?.release();
		this.#watched = undefined;
	}
}
