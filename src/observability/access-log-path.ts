import {constants} from 'node:fs';
import {access, stat} from 'node:fs/promises';
import path from 'node:path';
import {codeOf, messageOf} from '../base/errors.ts';

/**
 * Why an access log cannot be written at a path, as far as this is known without writing. Missing folders would be
 * created, so the nearest existing one decides.
 *
 * @returns undefined when no obstacle is found; opening it may still fail.
 */
export async function refusalOfLogPath(kind: 'file' | 'folder', given: string): Promise<string | undefined> {
	const target = path.resolve(given);
	for (let at = target; ; at = path.dirname(at)) {
		try {
			const isDirectory = (await stat(at)).isDirectory();
			if (at === target && kind === 'file' && isDirectory) return 'it is a folder';
			if (!isDirectory && !(at === target && kind === 'file')) return `${at} is not a folder`;
			await access(at, isDirectory ? constants.W_OK | constants.X_OK : constants.W_OK);
			return undefined;
		} catch (error) {
			const code = codeOf(error);
			// This path does not exist: try the one above. ENOTDIR means that one of the folders above is a file.
			if ((code === 'ENOENT' || code === 'ENOTDIR') && at !== path.dirname(at)) continue;
			return code === 'EACCES' || code === 'EROFS' ? `${at} may not be written to` : messageOf(error);
		}
	}
}
