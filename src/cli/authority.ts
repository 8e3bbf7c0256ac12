import {mkdtemp} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {hasCode, messageOf} from '../base/errors.ts';
import {watchFolder} from '../base/parent-watcher.ts';
import {defaultAuthorityDirectory, openAuthority, type StoredAuthority} from '../certificates/authority-store.ts';
import type {Output} from './output.ts';

/**
 * The local authority of this user, made on first use. Where it cannot be stored, one for this run, with a notice: a
 * read-only home is no reason not to start.
 *
 * @param lifetime whether that one is of use after this run, for what it has signed is: else its folder goes with it.
 * @throws EmulatorError `AUTHORITY_UNUSABLE` when there is one that cannot be used: somebody may trust it.
 */
export async function localAuthority(output: Output, lifetime: 'run' | 'longer' = 'run'): Promise<StoredAuthority> {
	try {
		return await openAuthority(defaultAuthorityDirectory());
	} catch (error) {
		if (!hasCode(error, 'FILE_UNWRITABLE')) throw error;
		const folder = await mkdtemp(path.join(tmpdir(), 'lb-local-'));
		if (lifetime === 'run') watchFolder(folder);
		const authority = await openAuthority(folder);
		output.warn(`${messageOf(error)}; a new authority for this run is in ${authority.file}`);
		return authority;
	}
}
