import {show} from '../base/quote.ts';
import type {NormalisedAccessLog} from '../model/normalised.ts';
import {find, type Place} from './place.ts';
import type {Partly} from './read-shape.ts';
import type {AccessLogSpec} from './spec-balancing.ts';

/** Validates where access log lines go. Whether it can be written there is for the one who opens it to say. */
export function describeAccessLog(
	shape: Partly<AccessLogSpec> | undefined,
	place: Place,
): NormalisedAccessLog | undefined {
	if (shape === undefined) return undefined;
	if (typeof shape === 'string') {
		validateFile(shape, [], place);
		return {kind: 'file', file: shape};
	}
	if ('file' in shape) {
		if (shape.file === undefined) return undefined;
		validateFile(shape.file, ['file'], place);
		return {kind: 'file', file: shape.file};
	}
	const {folder, prefix = '', interval = '60m'} = shape;
	if (folder !== undefined) validatePath(folder, 'folder', ['folder'], place);
	validatePrefix(prefix, place);
	if (folder === undefined) return undefined;
	return {kind: 'folder', folder, prefix, intervalMinutes: interval === '5m' ? 5 : 60};
}

function validateFile(file: string, keys: readonly string[], place: Place): void {
	if (/[/\\]$/.test(file)) {
		find(place, keys, {
			message: `${show(file)} is a folder, not a file`,
			hint: 'write {folder} for objects in a folder',
		});
	} else validatePath(file, 'file', keys, place);
}

function validatePath(path: string, what: 'file' | 'folder', keys: readonly string[], place: Place): void {
	if (path.trim() === '') find(place, keys, {message: `the path is empty; write the path of a ${what}`});
	else if (/\p{Cc}/u.test(path)) {
		find(place, keys, {message: `${show(path)} is not a path: it has control characters`});
	}
}

/** The characters that S3 calls safe in a key; neither `.` nor `..`, so that no prefix leads out of the folder. */
function validatePrefix(prefix: string, place: Place): void {
	const isSafe = (name: string) => /^[A-Za-z0-9!_.*'()-]{1,255}$/.test(name) && name !== '.' && name !== '..';
	if (prefix === '' || prefix.split('/').every(isSafe)) return;
	find(place, ['prefix'], {
		message: `${show(prefix)} is not a prefix; allowed are names of A-Z, a-z, 0-9 and !_.*'()-, with "/" between them, and no "." or ".."`,
	});
}
