import {writeFileSync} from 'node:fs';
import path from 'node:path';
import type {Authority} from '../certificates/authority.ts';
import type {CertificateAuthority} from './load-balancer.ts';
import type {TemporaryFolder} from './temporary-folder.ts';

/** The file that holds an authority's certificate: the one it is stored in, or a temporary one made on first use. */
export class AuthorityFile {
	readonly #authority: Authority;
	readonly #folder: TemporaryFolder;
	#isWritten = false;

	constructor(authority: Authority, folder: TemporaryFolder) {
		this.#authority = authority;
		this.#folder = folder;
	}

	/** The authority as users have it; the file is made when somebody asks for it. */
	get certificate(): CertificateAuthority {
		const file = () => this.path;
		return {
			pem: this.#authority.pem,
			get file() {
				return file();
			},
		};
	}

	get path(): string {
		if ('file' in this.#authority && typeof this.#authority.file === 'string') return this.#authority.file;
		const file = path.join(this.#folder.path, 'authority.pem');
		if (!this.#isWritten) writeFileSync(file, this.#authority.pem);
		this.#isWritten = true;
		return file;
	}
}
