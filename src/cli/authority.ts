import {mkdtemp} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {hasCode, messageOf} from '../base/errors.ts';
import {watchFolder} from '../base/parent-watcher.ts';
import {defaultAuthorityDirectory} from '../certificates/authority-directory.ts';
import {openAuthority, type StoredAuthority} from '../certificates/authority-store.ts';
import type {Output} from './output.ts';

/**
 * The local authority of this user, created on first use. When it cannot be stored, for example in a read-only home, a
 * temporary one for this run, with a warning.
 *
 * @param lifetime `longer` when what the authority signs is used after this run; with `run`, the folder of a temporary
 * authority is removed at the end.
 * @throws EmulatorError `AUTHORITY_UNUSABLE` when the stored one cannot be used; it is not replaced, because clients
 * may trust it.
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
