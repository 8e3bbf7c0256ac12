import {readFileSync} from 'node:fs';

/** Where package.json may be: two folders up from the source, one or two from the build. */
const FOLDERS_UP = ['./', '../', '../../'];

/** The version of this package. */
export function version(): string {
	for (const up of FOLDERS_UP) {
		const found = versionIn(new URL(`${up}package.json`, import.meta.url));
		if (found !== undefined) return found;
	}
	return 'unknown';
}

/** undefined when there is no such file, or it belongs to another package. */
function versionIn(file: URL): string | undefined {
	let manifest: unknown;
	try {
		manifest = JSON.parse(readFileSync(file, 'utf8'));
	} catch {
		return undefined;
	}
	if (typeof manifest !== 'object' || manifest === null) return undefined;
	if (!('name' in manifest) || manifest.name !== 'lb-local') return undefined;
	return 'version' in manifest && typeof manifest.version === 'string' ? manifest.version : undefined;
}
