import type {ApiFailure} from '../dialect.ts';
import type {Cloud} from './wire-errors.ts';

/** An error as it is answered in place of the API. */
export interface QueryFailure {
	readonly status: number;
	readonly code: string;
	readonly message: string;
}

/** AWS, common errors of the Query protocol; what AWS says beside the code was quoted by clients. */
const AWS_THROTTLED: QueryFailure = {status: 400, code: 'Throttling', message: 'Rate exceeded'};
/** OUTSCALE's provider for Terraform waited for `Throttling` with 503; the sentence is its other API's: *guess*. */
const LBU_THROTTLED: QueryFailure = {status: 503, code: 'Throttling', message: 'Request rate exceeded.'};
/** AWS, common errors. */
const UNAVAILABLE = {
	code: 'ServiceUnavailable',
	message: 'The request has failed due to a temporary failure of the server.',
};
const FAILED = {
	code: 'InternalFailure',
	message: 'The request processing has failed because of an unknown error, exception or failure.',
};

/** What a fault answers, as this cloud says it. */
export function failureOf(failure: ApiFailure, cloud: Cloud): QueryFailure {
	const throttled = cloud === 'aws' ? AWS_THROTTLED : LBU_THROTTLED;
	if (failure.kind === 'throttle') return throttled;
	const {status, code, body} = failure;
	const usual = usualError(status, throttled);
	return {status, code: code ?? usual.code, message: body !== '' ? body : code === undefined ? usual.message : ''};
}

/** The error of a status where no code was given. */
function usualError(status: number, throttled: QueryFailure): Omit<QueryFailure, 'status'> {
	if (status === 429) return throttled;
	if (status === 503) return UNAVAILABLE;
	if (status >= 500) return FAILED;
	return {code: status === 401 || status === 403 ? 'AccessDenied' : 'ValidationError', message: ''};
}
