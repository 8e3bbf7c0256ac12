import {EmulatorError} from '../base/errors.ts';

/** One block of PEM text (RFC 7468): a label and the content between its two lines. */
export interface PemBlock {
	/** The label in the BEGIN line: `CERTIFICATE`, `PRIVATE KEY`, `RSA PRIVATE KEY` and so on. */
	readonly label: string;
	/** Headers of the legacy form (RFC 1421), such as `Proc-Type: 4,ENCRYPTED`; most blocks have none. */
	readonly headers: readonly string[];
	/** Only the block, rewritten with 64 columns, LF, and a final newline. */
	readonly text: string;
	/** The number of its BEGIN line in the text, counted from 1. */
	readonly line: number;
}

/** A BEGIN or END line. Only these are searched for: text around blocks is explanatory (RFC 7468, section 5.2). */
const BOUNDARY = /-----(BEGIN|END) ([A-Z0-9][A-Z0-9 .]*)-----/g;
const HEADER = /^[A-Za-z][A-Za-z0-9-]*:/;
const COLUMNS = 64;

/**
 * Splits PEM text into its blocks. Line ends, indentation, text around the blocks and a missing final newline do not
 * matter; newlines inside a block may be missing, as in unquoted shell variables.
 *
 * @returns the blocks in order; none when the text has none.
 * @throws EmulatorError `PEM_INVALID` when a block is cut off or its content is not base64. The message gives the line
 * and never the content.
 */
export function readPem(text: string): PemBlock[] {
	const blocks: PemBlock[] = [];
	let begin: {readonly label: string; readonly line: number; readonly from: number} | undefined;
	const position = {index: 0, line: 1};
	for (const match of text.matchAll(BOUNDARY)) {
		const [boundary, verb, label = ''] = match;
		// Counted from the previous boundary: a text may have a hundred thousand of them.
		position.line += lineEndsIn(text.slice(position.index, match.index));
		position.index = match.index;
		const {line} = position;
		if (verb === 'BEGIN') {
			if (begin !== undefined) throw cutOff(begin.label, begin.line, `another block begins at line ${line}`);
			begin = {label, line, from: match.index + boundary.length};
		} else if (begin === undefined) {
			throw invalid(`The ${label} block that ends at line ${line} has no BEGIN line`);
		} else if (begin.label !== label) {
			throw cutOff(begin.label, begin.line, `line ${line} ends a ${label} block instead`);
		} else {
			blocks.push(readBlock(label, begin.line, text.slice(begin.from, match.index)));
			begin = undefined;
		}
	}
	if (begin !== undefined) throw cutOff(begin.label, begin.line, 'it has no END line');
	const broken = text.replaceAll(BOUNDARY, '').search(/-----(?:BEGIN|END)/);
	if (broken !== -1)
		throw invalid('A BEGIN or END line is garbled; it reads "-----BEGIN CERTIFICATE-----", five hyphens at both ends');
	return blocks;
}

/** The blocks as one text, each ending with a newline. */
export function joinPem(blocks: Iterable<Pick<PemBlock, 'text'>>): string {
	return [...blocks].map(block => block.text).join('');
}

/** PEM text of DER bytes. */
export function writePem(label: string, der: Uint8Array): string {
	return format(label, [], Buffer.from(der).toString('base64'));
}

function readBlock(label: string, line: number, content: string): PemBlock {
	if (content.includes('\\n')) {
		throw invalid(
			`The ${label} block at line ${line} holds "\\n" as two characters where lines should end`,
			'Put real line ends in their place.',
		);
	}
	const lines = content.split(/\r\n|\r|\n/).map(each => each.trim());
	// -1: there are only headers and empty lines.
	const start = lines.findIndex(each => each !== '' && !HEADER.test(each));
	const headers = lines.slice(0, start === -1 ? undefined : start).filter(each => each !== '');
	const base64 = (start === -1 ? [] : lines.slice(start)).join('').replaceAll(/\s/g, '');
	if (base64 === '') throw invalid(`The ${label} block at line ${line} is empty`);
	if (!/^[A-Za-z0-9+/]+={0,2}$/.test(base64)) {
		throw invalid(`The ${label} block at line ${line} is garbled: it holds characters that are not base64`);
	}
	if (base64.length % 4 !== 0) {
		throw cutOff(label, line, `its base64 has ${base64.length} characters, which is no multiple of four`);
	}
	return {label, headers, line, text: format(label, headers, base64)};
}

function format(label: string, headers: readonly string[], base64: string): string {
	const body = base64.match(new RegExp(`.{1,${COLUMNS}}`, 'g')) ?? [];
	const head = headers.length === 0 ? [] : [...headers, ''];
	return [`-----BEGIN ${label}-----`, ...head, ...body, `-----END ${label}-----`, ''].join('\n');
}

function lineEndsIn(text: string): number {
	return text.split(/\r\n|\r|\n/).length - 1;
}

function cutOff(label: string, line: number, how: string): EmulatorError<'PEM_INVALID'> {
	return invalid(
		`The ${label} block at line ${line} is cut off: ${how}`,
		'Copy the block again, from its BEGIN line to its END line.',
	);
}

function invalid(message: string, hint?: string): EmulatorError<'PEM_INVALID'> {
	return new EmulatorError('PEM_INVALID', message, {hint});
}
