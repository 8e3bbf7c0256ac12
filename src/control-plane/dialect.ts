/** One request of a client, whole. */
export interface ApiRequest {
	readonly method: string;
	readonly path: string;
	/** By lower-case name; several fields of one name are joined. */
	readonly headers: ReadonlyMap<string, string>;
	readonly body: Uint8Array;
}

export interface ApiAnswer {
	readonly status: number;
	readonly headers: readonly (readonly [string, string])[];
	readonly body: string;
}

/** One call, for the call log: action, which API, status answered, request fields no handler read, error code. */
export interface ApiCall {
	readonly action: string;
	readonly api: 'oapi' | 'elb';
	readonly status: number;
	/** Paths of fields that were accepted and have no effect here: `SecurityGroups`, `Filters.NetIds`. */
	readonly unread: readonly string[];
	readonly error?: {readonly code: string; readonly details: string};
}

/** One wire API. */
export interface Dialect {
	/** Whether a request of this method and path is for this API. */
	claims(method: string, path: string): boolean;
	/** Never rejects: whatever goes wrong has its answer. */
	answer(request: ApiRequest): Promise<{readonly answer: ApiAnswer; readonly call: ApiCall}>;
}
