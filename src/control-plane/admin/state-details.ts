/** What the state says of a load balancer beside what it is made of. */
export interface LoadBalancerDetails {
	/** In the order in which they are tried. */
	readonly rules?: readonly {
		/** The logical port of the one listener it belongs to; absent: every HTTP and HTTPS listener. */
		readonly listener?: number;
		readonly priority: number;
		readonly name?: string;
		readonly host?: string;
		readonly path?: string;
		readonly to: readonly string[];
	}[];
	/** How long what is in flight may go on when its back-end is deregistered; absent: it is cut at once. */
	readonly drainingMs?: number;
	/** Those that were deregistered and have work in flight. */
	readonly draining?: readonly {
		readonly name: string;
		readonly inFlight: number;
		/** When what is left will be cut, by the emulator's clock: ISO 8601, UTC. */
		readonly until: string;
	}[];
	readonly counters?: {
		/** All that there were since the record was cleared. */
		readonly exchanges: number;
		/** Of those that are kept: the ones that ended otherwise than well, or were answered with 500 or more. */
		readonly failed: number;
		/** Those that are no longer kept. */
		readonly forgotten: number;
	};
}

/** What the state says of a back-end beside how it is. */
export interface BackendDetails {
	/**
	 * Of a back-end that lb-local runs, a fake or a command: false once it is stopped, or a command has ended by itself,
	 * until it is started. The probes may not have noticed yet. Absent for a server of the user's own.
	 */
	readonly running?: boolean;
	/** Its part of the latest 1,000 exchanges that got a back-end: 0 to 1; absent when there were none. */
	readonly share?: number;
	/** The results in a row up to the last probe, and how many turn its state. */
	readonly consecutive?: {readonly passes: number; readonly failures: number; readonly needed: number};
}

/**
 * Where a certificate comes from: lb-local issued it, a file of the configuration has it, an API of the cloud or the
 * library was given it for the account, or PEM text stands in the description of the load balancer.
 */
export type CertificateOrigin = 'issued' | 'file' | 'account' | 'text';

/** What the state says of a listener beside where it is. */
export interface ListenerDetails {
	/** Absent where there is no certificate. */
	readonly certificateOrigin?: CertificateOrigin;
	/** Whether connections to back-ends begin with a line of the PROXY protocol; absent: they do not. */
	readonly proxyProtocol?: true;
	/** Absent: every request is balanced. */
	readonly stickiness?: {
		/** The cookie that binds a client. */
		readonly cookie: string;
		/** Its lifetime; absent: the browser's session, or that of the application's cookie. */
		readonly seconds?: number;
		/** The cookie of the application that it goes with. */
		readonly application?: string;
	};
}
