/** What advice can be about. `docs/advice.md` has an entry for each. */
export const ADVICE_CODES = [
	'keep-alive-shorter-than-idle-timeout',
	'redirect-loop',
	'redirect-to-http',
	'redirect-to-backend-port',
	'health-target-redirects',
	'health-target-needs-host',
	'proxy-header-not-understood',
	'proxy-header-missing',
	'plaintext-to-tls-port',
	'tls-to-plaintext-port',
	'certificate-name-mismatch',
	'certificate-chain-incomplete',
	'certificate-chain-out-of-order',
	'certificate-near-its-end',
	'certificate-expired',
	'certificate-not-yet-valid',
	'upgrade-on-http-listener',
	'cookie-without-secure',
	'forwarded-for-forgeable',
	'wrong-content-length',
	'deregistered-in-flight',
] as const;

export type AdviceCode = (typeof ADVICE_CODES)[number];

/**
 * How sure a diagnosis is. `certain`: what was seen cannot mean anything else. `likely`: it hardly ever does. `possible`:
 * it depends on what the application does, which cannot be seen from here.
 */
export type Certainty = 'certain' | 'likely' | 'possible';

/** What was found, once: the cause and the fix, in words that hold for every further time. */
export interface Diagnosis {
	readonly code: AdviceCode;
	/** The back-end it is about; absent where it is about a listener or its clients. */
	readonly backend?: string | undefined;
	/** The logical port of the listener it is about; absent where it is about a back-end, whatever the listener. */
	readonly listener?: number | undefined;
	readonly certainty: Certainty;
	/** The texts, put together only when it is said: at most once for a back-end or a listener. */
	readonly text: () => {
		/** The cause, with what was seen; without queries, bodies and values of fields, for logs of CI are public. */
		readonly message: string;
		/** What to do about it. */
		readonly fix: string;
	};
}
