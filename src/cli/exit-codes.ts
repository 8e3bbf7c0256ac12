import {codeOf, EmulatorError, type EmulatorErrorOptions} from '../base/errors.ts';

export const EXIT = {ok: 0, failed: 1, usage: 2, interrupted: 130} as const;

/** Errors for a wrong command line or configuration, not for failures at run time. */
const USAGE_CODES = new Set([
	'USAGE',
	'CONFIG_INVALID',
	'CONFIG_NOT_FOUND',
	'INVALID_DESCRIPTION',
	'INVALID_CERTIFICATE',
]);

/** The exit code for an error. */
export function exitCodeOf(error: unknown): number {
	return USAGE_CODES.has(codeOf(error) ?? '') ? EXIT.usage : EXIT.failed;
}

/** An error about the command line. */
export function usageError(message: string, hint?: EmulatorErrorOptions['hint']): EmulatorError<'USAGE'> {
	return new EmulatorError('USAGE', message, {hint});
}
