import {homedir} from 'node:os';
import path from 'node:path';

/**
 * The default directory of the authority: `LB_LOCAL_HOME`, else the place for the user's data (`XDG_DATA_HOME` or
 * `~/.local/share`, `~/Library/Application Support`, `%LOCALAPPDATA%`) and `lb-local` in it.
 */
export function defaultAuthorityDirectory(
	env: Readonly<Record<string, string | undefined>> = process.env,
	platform: NodeJS.Platform = process.platform,
): string {
	const {LB_LOCAL_HOME, XDG_DATA_HOME, LOCALAPPDATA} = env;
	if (isSet(LB_LOCAL_HOME)) return path.resolve(LB_LOCAL_HOME);
	// XDG Base Directory Specification: a relative path must be ignored.
	if (isSet(XDG_DATA_HOME) && path.isAbsolute(XDG_DATA_HOME)) return path.join(XDG_DATA_HOME, 'lb-local');
	const home = homeIn(env);
	if (platform === 'darwin') return path.join(home, 'Library', 'Application Support', 'lb-local');
	if (platform === 'win32')
		return path.join(isSet(LOCALAPPDATA) ? LOCALAPPDATA : path.join(home, 'AppData', 'Local'), 'lb-local');
	return path.join(home, '.local', 'share', 'lb-local');
}

function isSet(value: string | undefined): value is string {
	return value !== undefined && value !== '';
}

function homeIn({HOME}: Readonly<Record<string, string | undefined>>): string {
	return isSet(HOME) ? HOME : homedir();
}
