import {mkdtemp, realpath, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import path from 'node:path';

/**
 * An empty folder, which goes when the test is over.
 *
 * @param prefix what its name begins with; with a space in it where a path might not be quoted.
 */
export async function temporaryFolder(
	t: {teardown(task: () => Promise<void>): void},
	prefix = 'lb-local-',
): Promise<string> {
	// Where the folder for temporary files is a link, as on macOS, programs tell the place behind it.
	const folder = await realpath(await mkdtemp(path.join(tmpdir(), prefix)));
	t.teardown(() => rm(folder, {recursive: true, force: true}));
	return folder;
}
