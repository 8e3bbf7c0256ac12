/** Settings of a load balancer that mean the same to every surface; a surface that has no word for one leaves it. */
export interface Settings {
	/** Whether a pending back-end needs `healthyThreshold` passes, as in the cloud, and not just one. */
	readonly faithfulHealth: boolean;
	/**
	 * How long what is in flight may go on at a back-end that is deregistered; undefined cuts it at once.
	 * AWS Classic ELB, connection draining: 1 to 3600 s, off through the API unless asked for.
	 */
	readonly drainingMs: number | undefined;
	/** Adds `Secure` to cookies on HTTPS listeners, the back-ends' own included (OUTSCALE API 1.40, SecuredCookies). */
	readonly securedCookies: boolean;
	readonly timeouts: Timeouts;
	readonly retry: RetryPolicy;
	readonly upgrade: UpgradePolicy;
}

/** Settings of a listener, likewise. */
export interface ListenerSettings {
	readonly tls: TlsSettings;
	/** Sends one PROXY v1 line at the start of each back-end connection (`ProxyProtocolPolicyType`). */
	readonly proxyProtocol: boolean;
	/** undefined = the back-ends' certificates are not verified. `authority` = the emulator's own is trusted. */
	readonly verifyBackend:
		| {readonly ca: 'authority' | (string & {}); readonly servername: string | undefined}
		| undefined;
}

/** Oldest TLS version a listener takes. 1.2 unless asked for: AWS and OUTSCALE end of life for older ones. */
export type TlsVersion = 'TLSv1' | 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3';

export interface TlsSettings {
	readonly minVersion: TlsVersion;
	/** OpenSSL cipher list; undefined = ECDHE with AEAD only. */
	readonly ciphers: string | undefined;
}

/** `idempotent`: RFC 9110 section 9.2.2; `never`: what Classic ELB is reported to do. */
export type RetryPolicy = 'idempotent' | 'never';

/** `tunnel`: WebSocket and other upgrades pass; `refuse`: as Classic ELB's HTTP listeners, which do not carry them. */
export type UpgradePolicy = 'tunnel' | 'refuse';

export interface Timeouts {
	/** No bytes either way, on either side. AWS Classic ELB: 60 s by default, 1 to 4000 s. */
	readonly idleMs: number;
	/** From the first byte of a request head to its last. */
	readonly headMs: number;
	/** To connect to one back-end, its TLS handshake included. */
	readonly connectMs: number;
	/** The TLS handshake of a client. */
	readonly handshakeMs: number;
}

/**
 * Idle 60 s: AWS Classic ELB, config-idle-timeout. Head 60 s: AWS Classic ELB, 408 of a slow client.
 * Connect 5 s: *guess*, AWS does not publish it. Handshake 10 s: upper bound of the TLS checklist.
 */
export const DEFAULT_TIMEOUTS: Timeouts = {idleMs: 60_000, headMs: 60_000, connectMs: 5000, handshakeMs: 10_000};

/** What the cloud has unless it is asked for something else. */
export const DEFAULT_SETTINGS: Settings = {
	faithfulHealth: false,
	drainingMs: undefined,
	securedCookies: false,
	timeouts: DEFAULT_TIMEOUTS,
	retry: 'idempotent',
	upgrade: 'tunnel',
};

export const DEFAULT_LISTENER_SETTINGS: ListenerSettings = {
	tls: {minVersion: 'TLSv1.2', ciphers: undefined},
	proxyProtocol: false,
	verifyBackend: undefined,
};

/** The names of all settings, for those who pass them on. */
export const SETTINGS = Object.keys(DEFAULT_SETTINGS) as readonly (keyof Settings)[]; // Its keys are those of its type.

/** The settings alone. */
export function settingsOf(from: Settings): Settings {
	// All of them are there: `from` has them.
	return Object.fromEntries(SETTINGS.map(name => [name, from[name]])) as unknown as Settings;
}

/** Settings that users write as they are kept. */
export type PlainSettings = Omit<Settings, 'drainingMs' | 'timeouts'>;

const PLAIN_SETTINGS = SETTINGS.filter(
	(name): name is keyof PlainSettings => name !== 'drainingMs' && name !== 'timeouts',
);

/** Those that were given, and the usual ones in place of the others. */
export function withUsualSettings(
	given: {
		readonly [Name in keyof PlainSettings]?: PlainSettings[Name] | undefined;
	},
): PlainSettings {
	// All of them are there.
	return Object.fromEntries(
		PLAIN_SETTINGS.map(name => [name, given[name] ?? DEFAULT_SETTINGS[name]]),
	) as unknown as PlainSettings;
}

/** Those that are not the usual ones; undefined for the others. */
export function unusualSettings(settings: PlainSettings): {
	readonly [Name in keyof PlainSettings]: PlainSettings[Name] | undefined;
} {
	// All of them are there.
	return Object.fromEntries(
		PLAIN_SETTINGS.map(name => [name, settings[name] === DEFAULT_SETTINGS[name] ? undefined : settings[name]]),
	) as unknown as ReturnType<typeof unusualSettings>;
}
