import {mkdtemp} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {hasCode, messageOf} from '../base/errors.ts';
import {defaultAuthorityDirectory, openAuthority, type StoredAuthority} from '../certificates/authority-store.ts';
import type {Output} from './output.ts';

/**
 * The local authority of this user, made on first use. Where it cannot be stored, one for this run, with a notice: a
 * read-only home is no reason not to start.
 *
 * @throws EmulatorError `AUTHORITY_UNUSABLE` when there is one that cannot be used: somebody may trust it.
 */
export async function localAuthority(output: Output): Promise<StoredAuthority> {
	try {
		return await openAuthority(defaultAuthorityDirectory());
	} catch (error) {
		if (!hasCode(error, 'FILE_UNWRITABLE')) throw error;
		const authority = await openAuthority(await mkdtemp(path.join(tmpdir(), 'lb-local-')));
		output.warn(`${messageOf(error)}; a new authority for this run is in ${authority.file}`);
		return authority;
	}
}
