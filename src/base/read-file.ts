import {constants} from 'node:fs';
import {type FileHandle, open} from 'node:fs/promises';
import {codeOf, hasCode, messageOf} from './errors.ts';
import {nowMs, wait} from './timers.ts';

/** Why a file cannot be read, in words that fit after "cannot read x: ". */
export interface Unreadable {
	readonly reason: string;
	/** The system's error, if there is one. */
	readonly cause?: unknown;
}

/** How long a pipe may have no writer: the program that opens both ends needs a moment. */
const NO_WRITER_MS = 500;

/** How long the writer of a pipe may be silent. */
const SILENT_MS = 10_000;

const POLL_MS = 10;
const PIECE_BYTES = 64 * 1024;

/** 1 MiB: no certificate, key or configuration is larger. */
export const MAX_INPUT_BYTES = 1_048_576;

type Read = {readonly bytes: Buffer} | {readonly unreadable: Unreadable};

/**
 * Reads a regular file, or a pipe such as `<(…)`, up to a limit. Never blocks: neither on a pipe without a writer nor
 * on an endless device.
 *
 * @param maxBytes a larger file is refused; 1 MiB by default.
 */
export async function readInput(file: string, maxBytes = MAX_INPUT_BYTES): Promise<Read> {
	try {
		// Without waiting for the other end of a pipe. Windows has neither this flag nor such pipes.
		await using handle = await open(file, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
		const stats = await handle.stat();
		if (stats.isDirectory()) return unreadable('it is a directory');
		if (!stats.isFile() && !stats.isFIFO()) return unreadable('it is a device, not a file');
		if (stats.size > maxBytes) return unreadable(`it is larger than ${sizeOf(maxBytes)}`);
		return await readPieces(handle, stats.isFIFO(), maxBytes);
	} catch (error) {
		return {unreadable: {reason: reasonOf(error), cause: error}};
	}
}

/** In pieces, because a file may grow while it is read, and a pipe delivers what has been written so far. */
async function readPieces(handle: FileHandle, isPipe: boolean, maxBytes: number): Promise<Read> {
	const pieces: Buffer[] = [];
	let length = 0;
	let hasWriter = false;
	let lastMs = nowMs();
	for (;;) {
		const piece = await readPiece(handle);
		if (piece !== undefined && piece.length > 0) {
			pieces.push(piece);
			length += piece.length;
			lastMs = nowMs();
			if (length > maxBytes) return unreadable(`it is larger than ${sizeOf(maxBytes)}`);
			continue;
		}
		if (piece === undefined) hasWriter = true;
		else if (!isPipe || hasWriter || length > 0) return {bytes: Buffer.concat(pieces)};
		const silentMs = nowMs() - lastMs;
		if (!hasWriter && silentMs > NO_WRITER_MS) return unreadable('it is a pipe, and nobody writes into it');
		if (silentMs > SILENT_MS) return unreadable(`it is a pipe, and nothing came for ${SILENT_MS / 1000} s`);
		await wait(POLL_MS);
	}
}

/** @returns an empty buffer at the end; undefined when a pipe has a writer that has not written yet. */
async function readPiece(handle: FileHandle): Promise<Buffer | undefined> {
	try {
		const {buffer, bytesRead} = await handle.read(Buffer.alloc(PIECE_BYTES), 0, PIECE_BYTES, null);
		return buffer.subarray(0, bytesRead);
	} catch (error) {
		if (hasCode(error, 'EAGAIN')) return undefined;
		throw error;
	}
}

function unreadable(reason: string): Read {
	return {unreadable: {reason}};
}

function sizeOf(bytes: number): string {
	return bytes % 1_048_576 === 0 ? `${bytes / 1_048_576} MiB` : `${bytes} bytes`;
}

function reasonOf(error: unknown): string {
	const reasons: Readonly<Record<string, string>> = {
		ENOENT: 'there is no such file',
		EACCES: 'it may not be read by this user',
		EPERM: 'it may not be read by this user',
		ENXIO: 'it is a socket or a device, not a file',
	};
	return reasons[codeOf(error) ?? ''] ?? messageOf(error);
}
