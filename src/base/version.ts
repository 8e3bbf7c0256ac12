import {readFileSync} from 'node:fs';

/** The version of this package. */
export function version(): string {
	// Two folders up from the source as well as from the build.
	const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
	const manifest: unknown = JSON.parse(text);
	const found =
		typeof manifest === 'object' && manifest !== null && 'version' in manifest ? manifest.version : undefined;
	return typeof found === 'string' ? found : 'unknown';
}
