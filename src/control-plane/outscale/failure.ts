import type {ApiFailure} from '../dialect.ts';
import {WIRE_ERRORS, type WireError} from './wire-errors.ts';

/** An error as it is answered in place of the API. */
export interface OutscaleFailure extends Pick<WireError, 'status' | 'type' | 'code'> {
	readonly details: string;
}

/** docs.outscale.com, API Throttling, limit of an account; the Type is a *guess*: it is named in the same place. */
const THROTTLED = {status: 429, type: 'ErrorOperationThrottledPerAccount', code: '24'} as const;
/** The same, limit of the whole platform: the only 503 that is documented. */
const UNAVAILABLE = {status: 503, type: 'ErrorOperationThrottledWholePlatform', code: '6'} as const;
const RATE_EXCEEDED = 'Request rate exceeded.';

/** What a fault answers, as the OUTSCALE API says it. */
export function failureOf(failure: ApiFailure): OutscaleFailure {
	if (failure.kind === 'throttle') return {...THROTTLED, details: RATE_EXCEEDED};
	const {status, code, body} = failure;
	const usual = usualError(status);
	const details = body !== '' ? body : usual === THROTTLED || usual === UNAVAILABLE ? RATE_EXCEEDED : '';
	return {...usual, status, details, ...(code === undefined ? {} : {code, type: typeOf(code) ?? usual.type})};
}

/** The error of a status where no code was given. */
function usualError(status: number): Pick<WireError, 'type' | 'code'> {
	if (status === 429) return THROTTLED;
	if (status === 503) return UNAVAILABLE;
	if (status >= 500) return WIRE_ERRORS.BUG;
	if (status === 401 || status === 403) return WIRE_ERRORS.ACCESS_DENIED;
	if (status === 404 || status === 405) return WIRE_ERRORS.UNKNOWN_ACTION;
	return status === 409 ? WIRE_ERRORS.LOAD_BALANCER_NAME_TAKEN : WIRE_ERRORS.BAD_PARAMETER_VALUE;
}

/** The Type that goes with a code, where it is known. */
function typeOf(code: string): string | undefined {
	return [THROTTLED, UNAVAILABLE, ...Object.values(WIRE_ERRORS)].find(error => error.code === code)?.type;
}
