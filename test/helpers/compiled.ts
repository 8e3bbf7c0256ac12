import path from 'node:path';
import {fileURLToPath} from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/**
 * The compiled form of a source file, for a child process: it needs no TypeScript loader, which costs each of them
 * half a second of processor time.
 *
 * @param source - from the project's folder, such as `test/helpers/low-port.ts`
 */
export function compiled(source: string): string {
	if (source === 'src/cli/main.ts') return path.join(ROOT, 'build/test-run/cli/main.js');
	return path.join(ROOT, 'build/test-run', source.replace(/\.ts$/, '.js'));
}
