import {constants} from 'node:fs';
import {access, stat} from 'node:fs/promises';
import path from 'node:path';
import {codeOf, messageOf} from '../base/errors.ts';

/**
 * Why an access log cannot be written there, as far as can be told without writing: what is missing of its folders would
 * be made, so that the nearest one there is decides.
 *
 * @returns undefined when nothing speaks against it; whoever opens it may still fail.
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
			// Neither this nor, perhaps, what is above it: a file among the folders shows as ENOTDIR.
			if ((code === 'ENOENT' || code === 'ENOTDIR') && at !== path.dirname(at)) continue;
			return code === 'EACCES' || code === 'EROFS' ? `${at} may not be written to` : messageOf(error);
		}
	}
}
