import {mkdtemp, realpath, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import path from 'node:path';

/** An empty folder with a space in its name, as home folders have; removed after the test. */
export async function temporaryFolder(t: {teardown(task: () => Promise<void>): void}): Promise<string> {
	// The folder for temporary files may be a link, as on macOS, and programs name the folder behind it.
	const folder = await realpath(await mkdtemp(path.join(tmpdir(), 'lb local ')));
	t.teardown(() => rm(folder, {recursive: true, force: true}));
	return folder;
}
