import {mkdirSync, writeFileSync} from 'node:fs';
import path from 'node:path';
import {type AwsPointing, awsFiles} from './aws-environment.ts';

/** Writes what `awsEnvironment()` names into a folder. */
export function writeAwsFiles(folder: string, pointing: AwsPointing): void {
	for (const [name, text] of awsFiles(pointing)) {
		const file = path.join(folder, name);
		mkdirSync(path.dirname(file), {recursive: true, mode: 0o700});
		writeFileSync(file, text);
	}
}

/** As `writeAwsFiles()`. @returns the folder; undefined where nothing can be written: older clients find nothing then. */
export function writtenAwsFiles(folder: () => string, pointing: AwsPointing): string | undefined {
	try {
		const written = folder();
		writeAwsFiles(written, pointing);
		return written;
	} catch {
		return undefined;
	}
}
