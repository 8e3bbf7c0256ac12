import {type Clock, systemClock} from '../base/clock.ts';
import {isAdminPath} from './admin/routes.ts';
import type {ApiFaults} from './api-faults.ts';
import {CallLog, type LoggedCall} from './call-log.ts';
import type {ApiAnswer, Dialect} from './dialect.ts';
import {errorAnswer} from './error-answer.ts';
import type {IncomingHead, Target} from './incoming.ts';
import {refuseWith} from './outgoing.ts';

export interface CloudApisOptions {
	/** The cloud's APIs. The first that claims a request answers it; what none claims is refused in the form of the last. */
	readonly dialects: readonly Dialect[];
	/** Faults that are armed for them. */
	readonly faults?: Pick<ApiFaults, 'meet'>;
	readonly clock?: Pick<Clock, 'now' | 'wallMs'>;
	/** Called with each call of them. */
	readonly onCall?: (call: LoggedCall) => void;
	/** Called with what should not have happened: a mistake of ours, answered 500. */
	readonly onError?: (error: unknown) => void;
}

/** The cloud's APIs on the control port: which of them a request is for, the faults that hit it, its answer, and the log. */
export class CloudApis {
	readonly calls = new CallLog();
	readonly #options: CloudApisOptions;
	readonly #clock: Pick<Clock, 'now' | 'wallMs'>;

	constructor(options: CloudApisOptions) {
		this.#options = options;
		this.#clock = options.clock ?? systemClock;
	}

	/** Whose request it is; undefined where none of them claims it. */
	dialectOf({method, path, query}: Target): Dialect | undefined {
		if (isAdminPath(path)) return undefined;
		return this.#options.dialects.find(dialect => dialect.claims(method, path, query));
	}

	/** Carries out one call. Never rejects. */
	async answer(dialect: Dialect, head: IncomingHead, body: Uint8Array): Promise<ApiAnswer> {
		const {authority: _, ...rest} = head;
		const request = {...rest, body};
		const at = new Date(this.#clock.wallMs()).toISOString();
		const start = this.#clock.now();
		try {
			const {failing} = dialect;
			const fault =
				failing &&
				this.#options.faults?.meet({
					action: () => failing.actionOf(request),
					isAuthentic: () => failing.isAuthentic(request),
				});
			await fault?.delayed;
			const failed = fault?.failure && failing?.fail(request, fault.failure);
			const {answer, call} = failed ?? (await dialect.answer(request));
			const logged = this.calls.add(fault === undefined ? call : {...call, fault: fault.text}, {
				at,
				ms: this.#clock.now() - start,
			});
			this.#options.onCall?.(logged);
			return answer;
		} catch (error) {
			this.#options.onError?.(error);
			return dialect.refuse?.({status: 500, reason: 'lb-local made a mistake; it is a bug'}) ?? BUG;
		}
	}

	/** A path of the last API with a method that does nothing there, or a path that nothing is at. */
	answerNobody({method, path}: IncomingHead): ApiAnswer {
		const dialect = this.#options.dialects.at(-1);
		if (method !== 'POST' && dialect?.claims('POST', path) === true) {
			const reason = `${method} does nothing at this path; actions of the API are called with POST`;
			const answer = refuseWith(dialect, {status: 405, reason});
			return {...answer, headers: [...answer.headers, ['Allow', 'POST']]};
		}
		const reason =
			'nothing is at this path; the OUTSCALE API is called with POST /api/v1/<Action>, and GET /_lb/state shows what runs';
		return refuseWith(dialect, {status: 404, reason});
	}
}

const BUG = errorAnswer(undefined);
