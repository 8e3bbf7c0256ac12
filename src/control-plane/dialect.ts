import type {NormalisedFault} from '../model/fault.ts';

/** One request to the control port, read whole. */
export interface ApiRequest {
	readonly method: string;
	/** As it was sent, without the query. */
	readonly path: string;
	/** What follows the question mark, as it was sent; absent when there is none. */
	readonly query?: string;
	/** By lower-case name; the values of a name that came several times are joined with commas. */
	readonly headers: ReadonlyMap<string, string>;
	readonly body: Uint8Array;
}

export interface ApiAnswer {
	readonly status: number;
	/** Without the length, the date and what belongs to the connection: the server adds those. */
	readonly headers: readonly (readonly [string, string])[];
	readonly body: string;
	/** Called once the answer has been written, or cannot be. */
	readonly afterwards?: () => void;
}

/** An answer that is sent part by part. */
export interface StreamAnswer extends Pick<ApiAnswer, 'status' | 'headers'> {
	/**
	 * The parts as they come. When the client goes away, `return()` of its iterator is called, also while a part is waited
	 * for: that wait has to end then.
	 */
	readonly parts: AsyncIterable<string>;
}

/** What is answered in place of an API by a fault. */
export type ApiFailure = Extract<NormalisedFault, {readonly kind: 'throttle' | 'status'}>;

/** One call, for the call log: action, which API, status answered, request fields no handler read, error code. */
export interface ApiCall {
	readonly action: string;
	readonly api: 'oapi' | 'elb';
	readonly status: number;
	/** Paths of fields that were accepted and have no effect here: `SecurityGroups`, `Filters.NetIds`. */
	readonly unread: readonly string[];
	readonly error?: {readonly code: string; readonly details: string};
	/** The armed faults that hit it, in one line. */
	readonly fault?: string;
}

/** Why the control server refuses a request before a dialect reads it. */
export interface RequestRefusal {
	readonly status: number;
	/** One sentence that names what was wrong and what is allowed. */
	readonly reason: string;
}

/** One of the cloud's wire APIs. */
export interface Dialect {
	/** Whether a request of this method, path and query is for this API. */
	claims(method: string, path: string, query?: string): boolean;
	/** Never rejects: whatever goes wrong has its answer. */
	answer(request: ApiRequest): Promise<{readonly answer: ApiAnswer; readonly call: ApiCall}>;
	/** A refusal of the control server in the form of this API. Without it, such refusals are JSON of the emulator's own. */
	refuse?(refusal: RequestRefusal): ApiAnswer;
	/** What faults ask of this API; without it none hits its calls. */
	readonly failing?: FailingDialect;
}

/** How an API answers where a fault hits it. */
export interface FailingDialect {
	/** The action that a request asks for; empty where it does not say. */
	actionOf(request: ApiRequest): string;
	/** Whether its sender is known. Asked where a fault hits calls of an account alone. */
	isAuthentic(request: ApiRequest): boolean;
	/** What a fault answers in place of this API, in its form. Nothing is looked at but the action. */
	fail(request: ApiRequest, failure: ApiFailure): {readonly answer: ApiAnswer; readonly call: ApiCall};
}

/** Header fields of an API's own form, which a fault does not replace. */
const OWN_FIELDS: ReadonlySet<string> = new Set(['content-type', 'x-amzn-requestid']);

/** The header fields that a fault adds to its answer. */
export function givenHeaders(failure: ApiFailure): (readonly [string, string])[] {
	if (failure.kind !== 'status') return [];
	return Object.entries(failure.headers).filter(([name]) => !OWN_FIELDS.has(name.toLowerCase()));
}
