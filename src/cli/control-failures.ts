import {codeOf, EmulatorError, messageOf} from '../base/errors.ts';
import {printable} from './text.ts';

/** The server is not lb-local, or a version that this one does not understand. */
export function strangerAt(endpoint: string, cause?: unknown): EmulatorError<'CONTROL_STRANGER'> {
	return new EmulatorError(
		'CONTROL_STRANGER',
		`The server at ${endpoint} is not lb-local, or is another version of it`,
		{
			hint: 'Say where it is with --endpoint or LB_LOCAL_ENDPOINT; `lb-local up` prints it.',
			cause,
		},
	);
}

/** A running instance could not be asked. */
export function unreachable(endpoint: string, error: unknown): EmulatorError {
	const code = codeOf(error) ?? '';
	// An error of Node's parser: the server does not speak HTTP.
	if (code.startsWith('HPE_') || error instanceof EmulatorError) return strangerAt(endpoint, error);
	const why = code === 'ECONNREFUSED' ? 'nothing listens there' : messageOf(error);
	return new EmulatorError('CONTROL_UNREACHABLE', `Cannot reach lb-local at ${endpoint}: ${why}`, {
		hint: isChosenByVariable(endpoint)
			? 'LB_LOCAL_ENDPOINT names it: unset it to find the instance of this directory, or set it anew.'
			: 'Start it with `lb-local up`, or say where it is with --endpoint or LB_LOCAL_ENDPOINT.',
		cause: error,
	});
}

/** A shell keeps what `eval "$(lb-local env)"` has set, when that instance has long been stopped. */
function isChosenByVariable(endpoint: string, {LB_LOCAL_ENDPOINT: chosen = ''} = process.env): boolean {
	return chosen === endpoint || chosen.startsWith(`${endpoint}/`);
}

/** The error in `{error: {code, message, hint}}`. */
export function refusalIn(json: unknown): EmulatorError | undefined {
	const error = fieldOf(json, 'error');
	const code = fieldOf(error, 'code');
	const message = fieldOf(error, 'message');
	const hint = fieldOf(error, 'hint');
	if (typeof code !== 'string' || typeof message !== 'string') return undefined;
	return new EmulatorError(
		code,
		message
			.split('\n')
			.map(line => printable(line, 2000))
			.join('\n'),
		{hint: typeof hint === 'string' ? printable(hint, 2000) : undefined},
	);
}

function fieldOf(value: unknown, name: string): unknown {
	if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
	return new Map<string, unknown>(Object.entries(value)).get(name);
}
