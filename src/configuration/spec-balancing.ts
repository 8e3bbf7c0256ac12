import type {Duration} from '../base/duration.ts';

/**
 * What a probe asks for: `TCP:80`, `SSL:443`, `HTTP:80/health`, `HTTPS:443/health`; HTTP without a path asks for `/`. The
 * port is one of the back-ends', not of a listener. A typo in a protocol does not compile.
 */
export type HealthCheckTargetSpec =
	| `TCP:${number}`
	| `SSL:${number}`
	| `HTTP:${number}`
	| `HTTPS:${number}`
	| `HTTP:${number}/${string}`
	| `HTTPS:${number}/${string}`;

/**
 * How back-ends are probed. The cloud's bounds are narrower: 5 to 600 s, 2 to 60 s, thresholds of 2 to 10 (OUTSCALE API
 * 1.40, HealthCheck).
 */
export interface HealthCheckSpec {
	/** TCP on the first listener's back-end port unless said otherwise, whatever the listeners speak. */
	readonly target?: HealthCheckTargetSpec;
	/** From the start of one probe to the start of the next: 1 ms to a day; 30 s unless said otherwise. */
	readonly interval?: Duration;
	/** Within which a probe must have passed: 1 ms to an hour; 5 s unless said otherwise. */
	readonly timeout?: Duration;
	/** Passes in a row that bring a back-end in service: 1 to 1000; 10 unless said otherwise. */
	readonly healthy?: number;
	/** Failures in a row that take a back-end out of service: 1 to 1000; 2 unless said otherwise. */
	readonly unhealthy?: number;
}

/**
 * Requests of this host and path go to these back-ends. At least one of `host` and `path` is needed; with both, both must
 * match. In a pattern `*` is any run of characters, up to three times, and `?` any one character.
 *
 * @see OUTSCALE API 1.40, ListenerRuleForCreation
 */
export interface RuleSpec {
	/** 1 to 19999, unique on a listener. The rule with the highest one is tried first. */
	readonly priority: number;
	/** Compared without case and port. */
	readonly host?: string;
	/** Compared with case and without the query. */
	readonly path?: string;
	/** Names of registered back-ends; a name with a count stands for all of them. */
	readonly to: readonly string[];
	/** What the rule is called, unique on its load balancer; up to 255 characters. */
	readonly name?: string;
	/** The logical port of the one HTTP or HTTPS listener it belongs to; all of them unless said otherwise. */
	readonly listener?: number;
}

/** The load balancer's own cookie binds a client to a back-end for a fixed time. */
export interface DurationStickiness {
	/** Lifetime of the cookie in whole seconds; 1, or none, is the browser's session. */
	readonly seconds?: number;
	/** Name of the load balancer's own cookie; `AWSELB` unless said otherwise. */
	readonly name?: string;
	readonly cookie?: never;
}

/** The load balancer's own cookie goes with a cookie of the application, and ends with it. */
export interface ApplicationStickiness {
	/** Name of the application's cookie. */
	readonly cookie: string;
	/** Name of the load balancer's own cookie; `AWSELB` unless said otherwise. */
	readonly name?: string;
	readonly seconds?: never;
}

/** What keeps a client at one back-end; `false` says that nothing does. */
export type StickinessSpec = false | DurationStickiness | ApplicationStickiness;

/** Lines in one file, which is made if it is missing. */
export interface AccessLogFileSpec {
	readonly file: string;
	readonly folder?: never;
	readonly prefix?: never;
	readonly interval?: never;
}

/** Objects in a folder that stands in for the cloud's bucket (OUTSCALE API 1.40, AccessLog). */
export interface AccessLogFolderSpec {
	/** Stands in for the bucket (`OsuBucketName`). */
	readonly folder: string;
	/** Folders below it (`OsuBucketPrefix`); none unless said otherwise. */
	readonly prefix?: string;
	/** How often an object is published (`PublicationInterval`, 5 or 60 minutes); `60m` unless said otherwise. */
	readonly interval?: '5m' | '60m';
	readonly file?: never;
}

/** Where access log lines go; a text is the path of a file. Relative paths start at the configuration file. */
export type AccessLogSpec = string | AccessLogFileSpec | AccessLogFolderSpec;
