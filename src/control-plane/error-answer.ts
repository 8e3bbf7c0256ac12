import {EmulatorError, formatPath, type Violation} from '../base/errors.ts';
import type {ApiAnswer, RequestRefusal, StreamAnswer} from './dialect.ts';

/** What a JSON answer of our own carries. It says who answers: clients look at `server`. */
const HEADERS = [
	['Content-Type', 'application/json; charset=utf-8'],
	['Cache-Control', 'no-store'],
	['X-Content-Type-Options', 'nosniff'],
	['Server', 'lb-local'],
] as const;

/** Errors that are answered otherwise than with 409: what was asked for does not go with what runs. */
const STATUSES: ReadonlyMap<string, number> = new Map([
	['INVALID_DESCRIPTION', 400],
	['METHOD_NOT_ALLOWED', 405],
	['STOPPED', 503],
	['TOO_MANY_STREAMS', 503],
	['FORGOTTEN', 404],
	['BUG', 500],
]);

/** A value as a JSON answer, a newline at its end so that terminals show it whole. */
export function jsonAnswer(value: unknown, status = 200): ApiAnswer {
	return {status, headers: HEADERS, body: `${JSON.stringify(value)}\n`};
}

/** An answer of our own that is sent part by part. */
export function streamAnswer(contentType: string, parts: AsyncIterable<string>): StreamAnswer {
	return {status: 200, headers: [['Content-Type', contentType], ...HEADERS.slice(1)], parts};
}

/** A refusal of the control server as JSON. */
export function refusalAnswer({status, reason}: RequestRefusal): ApiAnswer {
	return {...errorAnswer(new EmulatorError('REQUEST_REFUSED', reason)), status};
}

/**
 * A failure as JSON: code, message, hint, the first violations and how many more there are. Of an error that is not ours nothing is shown but that it
 * happened: its text may hold anything.
 */
export function errorAnswer(error: unknown): ApiAnswer {
	if (!(error instanceof EmulatorError)) {
		const message = 'lb-local made a mistake; it is a bug';
		return jsonAnswer({error: {code: 'BUG', message, hint: 'DEBUG=lb-local shows where, for a report.'}}, 500);
	}
	const {code, message, hint, violations, moreViolations} = error;
	const status = STATUSES.get(code) ?? (code.startsWith('NO_SUCH_') ? 404 : 409);
	const more = moreViolations === 0 ? {} : {moreViolations};
	const details = violations.length === 0 ? {} : {violations: violations.map(violationJson), ...more};
	return jsonAnswer({error: {code, message, hint, ...details}}, status);
}

function violationJson({path, message, hint}: Violation): object {
	return {path: formatPath(path), message, hint};
}
