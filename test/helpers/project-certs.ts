import {readFileSync} from 'node:fs';

const CERTS = new URL('../../certs/', import.meta.url);

/** A file of the project's `certs/`. */
export function pem(file: string): string {
	return readFileSync(new URL(file, CERTS), 'utf8');
}
