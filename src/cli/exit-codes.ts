import {codeOf, EmulatorError, type EmulatorErrorOptions} from '../base/errors.ts';

export const EXIT = {ok: 0, failed: 1, usage: 2, interrupted: 130} as const;

/** Errors that say the command line or the configuration is wrong, not that something went wrong. */
const USAGE_CODES = new Set([
	'USAGE',
	'CONFIG_INVALID',
	'CONFIG_NOT_FOUND',
	'INVALID_DESCRIPTION',
	'INVALID_CERTIFICATE',
]);

/** The exit code that a failure ends the process with. */
export function exitCodeOf(error: unknown): number {
	return USAGE_CODES.has(codeOf(error) ?? '') ? EXIT.usage : EXIT.failed;
}

/** The command line makes no sense as it stands. */
export function usageError(message: string, hint?: EmulatorErrorOptions['hint']): EmulatorError<'USAGE'> {
	return new EmulatorError('USAGE', message, {hint});
}
