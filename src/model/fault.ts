import type {Duration} from '../base/duration.ts';

/** How a connection is reset: at once, once the request has been sent, within the answer, or when it is used again. */
export const RESETS = ['after-request', 'mid-response', 'on-reuse'] as const;
/** What goes wrong with TLS. */
export const TLS_FAULTS = ['stall', 'alert', 'truncate', 'wrong-certificate'] as const;
export const DIRECTIONS = ['up', 'down'] as const;

/** `up`: from the client to the back-end; `down`: from the back-end to the client. */
export type Direction = (typeof DIRECTIONS)[number];

/** What goes wrong. One key says what; those beside it say more. */
export type Fault =
	/** Bytes arrive so much later, give or take `jitter`: one delay for each request or connection. */
	| {readonly latency: Duration; readonly jitter?: Duration}
	/** Bytes per second. */
	| {readonly bandwidth: number}
	/** Bytes come in pieces of so many bytes, `delay` apart. */
	| {readonly slice: number; readonly delay?: Duration}
	/** The connection is closed after so many bytes. */
	| {readonly limit: number}
	/** The end of the connection arrives so much later. */
	| {readonly slowClose: Duration}
	/**
	 * A RST: at once; once the whole request has been sent; within the answer; or when a connection that was kept alive is
	 * used again, which is the race between a request and the end of an idle connection.
	 */
	| {readonly reset: true | (typeof RESETS)[number]}
	/** The connection is closed without an answer. */
	| {readonly close: true}
	/** A back-end takes no connection (ECONNREFUSED). */
	| {readonly refuse: true}
	/** Nothing arrives, and nothing comes back: a back-end takes no connection in time, a client gets no answer. */
	| {readonly blackhole: true}
	/** This answer in place of the back-end's. `code` is the error's code in an answer of the cloud's API. */
	| {
			readonly status: number;
			readonly body?: string;
			readonly headers?: Readonly<Record<string, string>>;
			readonly code?: string;
	  }
	/** The cloud's API answers that there were too many calls, as each cloud says it. */
	| {readonly throttle: true}
	/** So many bytes that are no HTTP, in place of an answer. */
	| {readonly garbage: number}
	/** The answer's body ends after so many bytes, and the connection with it. */
	| {readonly truncate: number}
	/** The answer says this length, whatever its body has. */
	| {readonly contentLength: number}
	/** `stall` and `alert`: no handshake comes about. `truncate`: TLS ends within the data, without a close_notify. */
	| {readonly tls: (typeof TLS_FAULTS)[number]};

/** Where a fault is: at a back-end, by its name; at a listener, by its logical port; or in the cloud's API. */
export type FaultPlaceSpec = `backend:${string}` | `listener:${number}` | 'api';

/** A fault, where it is, and when it fires. */
export interface FaultRule {
	readonly on: FaultPlaceSpec;
	readonly do: Fault;
	/** Of `latency`, `bandwidth`, `slice`, `limit` and `slowClose`; `down` unless said otherwise. */
	readonly direction?: Direction;
	/** It passes over the first so many of those that it could hit. */
	readonly skip?: number;
	/** It fires so often, and never again. */
	readonly times?: number;
	/** Of those that are not skipped it hits the first, and every so many-th from there on. */
	readonly every?: number;
	/** Requests for this path only; a pattern as in a rule of the load balancer. */
	readonly path?: string;
	/** Requests with this header field only: `X-Tenant`, or `X-Tenant=acme`, where `*` stands for anything. */
	readonly header?: string;
	/** Clients only that ask for this server name in TLS; a pattern as a rule has one for hosts. */
	readonly sni?: string;
	/** Calls of this action of the cloud's API only; `*` stands for anything. */
	readonly operation?: string;
}

/** A fault that is armed: it may fire at any time. */
export interface ArmedFault extends Disposable {
	/** 1, 2, 3 and so on, within its load balancer or within the cloud's API. */
	readonly id: number;
	readonly rule: FaultRule;
	/** The rule in one line, as `lb-local fault add` takes it: `backend:app-1 reset:on-reuse times:2`. */
	readonly text: string;
	/** How often it has fired. */
	readonly hits: number;
	/** Disarms it. What it holds back goes on, or ends. Removing twice is removing once. */
	remove(): void;
}

/** What became of a fault. */
export type FaultChange = 'armed' | 'removed' | 'fired';

export type FaultPlace =
	| {readonly kind: 'backend'; readonly name: string}
	| {readonly kind: 'listener'; readonly port: number}
	| {readonly kind: 'api'};

/** A fault that has been validated; durations in milliseconds, sizes in bytes. */
export type NormalisedFault =
	| {readonly kind: 'latency'; readonly latencyMs: number; readonly jitterMs: number}
	| {readonly kind: 'bandwidth'; readonly bytesPerSecond: number}
	| {readonly kind: 'slice'; readonly bytes: number; readonly delayMs: number}
	| {readonly kind: 'limit'; readonly bytes: number}
	| {readonly kind: 'slowClose'; readonly delayMs: number}
	| {readonly kind: 'reset'; readonly when: 'at-once' | (typeof RESETS)[number]}
	| {readonly kind: 'close'}
	| {readonly kind: 'refuse'}
	| {readonly kind: 'blackhole'}
	| {
			readonly kind: 'status';
			readonly status: number;
			readonly body: string;
			readonly headers: Readonly<Record<string, string>>;
			readonly code: string | undefined;
	  }
	| {readonly kind: 'throttle'}
	| {readonly kind: 'garbage'; readonly bytes: number}
	| {readonly kind: 'truncate'; readonly bytes: number}
	| {readonly kind: 'contentLength'; readonly bytes: number}
	| {readonly kind: 'tls'; readonly how: (typeof TLS_FAULTS)[number]};

export type FaultKind = NormalisedFault['kind'];

/** Those that change when bytes move, and how many; they may be combined, and have a direction. */
export const SHAPING: ReadonlySet<FaultKind> = new Set(['latency', 'bandwidth', 'slice', 'limit', 'slowClose']);

/** A rule that has been validated, its defaults filled in. A value: two that say the same are alike. */
export interface NormalisedFaultRule {
	readonly on: FaultPlace;
	readonly do: NormalisedFault;
	readonly direction: Direction;
	readonly skip: number;
	/** undefined = without end. */
	readonly times: number | undefined;
	readonly every: number;
	readonly path: string | undefined;
	/** The name in lower case; a value of undefined: any. */
	readonly header: {readonly name: string; readonly value: string | undefined} | undefined;
	readonly sni: string | undefined;
	readonly operation: string | undefined;
}
