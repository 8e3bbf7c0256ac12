import {messageOf} from '../../base/errors.ts';
import {isPrivateKey, quote} from '../../base/quote.ts';
import {nearest} from '../../base/suggest.ts';
import {Refusal, type RefusalCode} from '../../model/refusal.ts';
import type {CloudStore} from '../../operations/context.ts';
import {
	type ApiAnswer,
	type ApiCall,
	type ApiFailure,
	type ApiRequest,
	type Dialect,
	type FailingDialect,
	givenHeaders,
	type RequestRefusal,
} from '../dialect.ts';
import {Reading} from '../fields.ts';
import type {Authenticate} from '../signature.ts';
import {BACKEND_ACTIONS} from './backend-actions.ts';
import {CERTIFICATE_ACTIONS} from './certificate-actions.ts';
import {type AnswerFields, type OutscaleAction, writeJson} from './encode.ts';
import {failureOf} from './failure.ts';
import {INVENTORY_ACTIONS} from './inventory-actions.ts';
import {readJsonBody} from './json-body.ts';
import {JSON_FORMAT} from './json-format.ts';
import {LISTENER_RULE_ACTIONS} from './listener-rule-actions.ts';
import {LOAD_BALANCER_ACTIONS} from './load-balancer-actions.ts';
import {POLICY_ACTIONS} from './policy-actions.ts';
import {TAG_ACTIONS} from './tag-actions.ts';
import {errorOf} from './wire-errors.ts';

/** A Map, so that no name of a JavaScript object's own is an action. */
export const OUTSCALE_ACTIONS: ReadonlyMap<string, OutscaleAction> = new Map([
	...LOAD_BALANCER_ACTIONS,
	...CERTIFICATE_ACTIONS,
	...LISTENER_RULE_ACTIONS,
	...POLICY_ACTIONS,
	...BACKEND_ACTIONS,
	...TAG_ACTIONS,
	...INVENTORY_ACTIONS,
]);

export interface OutscaleOptions {
	readonly store: CloudStore;
	/** Validates a request's signature; undefined = whoever asks is let in. */
	readonly authenticate?: Authenticate | undefined;
}

/** The OUTSCALE API: JSON in, JSON out, one POST an action. */
export class OutscaleDialect implements Dialect, FailingDialect {
	readonly failing = this;
	readonly #store: CloudStore;
	readonly #authenticate: OutscaleOptions['authenticate'];
	#requests = 0;

	constructor({store, authenticate}: OutscaleOptions) {
		this.#store = store;
		this.#authenticate = authenticate;
	}

	claims(_method: string, path: string): boolean {
		return actionIn(path) !== undefined;
	}

	async answer(request: ApiRequest): Promise<{readonly answer: ApiAnswer; readonly call: ApiCall}> {
		const requestId = this.#store.identifiers.requestId(this.#requests++);
		const action = actionIn(request.path) ?? '';
		const reading = new Reading(JSON_FORMAT);
		try {
			const fields = await this.#carryOut(request, action, reading);
			return {
				answer: answerOf(200, {...fields, ResponseContext: {RequestId: requestId}}),
				call: {action, api: 'oapi', status: 200, unread: reading.unread},
			};
		} catch (error) {
			const {wire, details} = errorOf(asRefusal(error));
			const {type, code} = wire;
			const isPost = request.method === 'POST';
			// RFC 9110 section 15.5.6: the answer to another method names those that are allowed.
			const status = isPost ? wire.status : 405;
			return {
				answer: errorAnswer(status, {type, code, details, requestId}, isPost ? [] : [['Allow', 'POST']]),
				call: {
					action: OUTSCALE_ACTIONS.has(action) ? action : shownAction(action),
					api: 'oapi',
					status,
					unread: reading.unread,
					error: {code, details: forLog(error, details)},
				},
			};
		}
	}

	actionOf({path}: ApiRequest): string {
		return actionIn(path) ?? '';
	}

	isAuthentic(request: ApiRequest): boolean {
		return this.#authenticate?.(request) === undefined;
	}

	fail(request: ApiRequest, failure: ApiFailure): {readonly answer: ApiAnswer; readonly call: ApiCall} {
		const {status, type, code, details} = failureOf(failure);
		const requestId = this.#store.identifiers.requestId(this.#requests++);
		const action = this.actionOf(request);
		return {
			answer: errorAnswer(status, {type, code, details, requestId}, givenHeaders(failure)),
			call: {
				action: OUTSCALE_ACTIONS.has(action) ? action : shownAction(action),
				api: 'oapi',
				status,
				unread: [],
				error: {code, details},
			},
		};
	}

	/** What the control server refuses is answered like everything else: clients read nothing but this form. */
	refuse({status, reason}: RequestRefusal): ApiAnswer {
		const refusal = new Refusal(codeFor(status), reason);
		const {wire, details} = errorOf(refusal);
		const requestId = this.#store.identifiers.requestId(this.#requests++);
		return errorAnswer(status, {...wire, details, requestId});
	}

	/** @throws Refusal, or whatever a bug of ours throws */
	async #carryOut(request: ApiRequest, name: string, reading: Reading): Promise<AnswerFields> {
		if (request.method !== 'POST') {
			throw new Refusal('UNKNOWN_ACTION', `${quote(request.method)} is not how the API is called; use POST`, name);
		}
		const denied = this.#authenticate?.(request);
		if (denied !== undefined) throw new Refusal(denied.code, denied.reason);
		const action = OUTSCALE_ACTIONS.get(name);
		if (action === undefined) throw unknownAction(name);
		const body = readJsonBody(request.body);
		let dryRun: boolean | undefined;
		const prepared = reading.object(new Map(Object.entries(body)), '', fields => {
			dryRun = fields.boolean('DryRun');
			return action.prepare(fields, this.#store);
		});
		reading.finish();
		if (dryRun !== true) return (await prepared.run()) ?? {};
		prepared.rehearse();
		return {};
	}
}

/** The code of what the control server refuses. */
function codeFor(status: number): RefusalCode {
	if (status >= 500) return 'BUG';
	if (status === 401 || status === 403) return 'ACCESS_DENIED';
	return status === 404 || status === 405 ? 'UNKNOWN_ACTION' : 'UNREADABLE_BODY';
}

/** The longest name of an action that is shown, in an answer and in the call log. */
const MAX_ACTION = 255;

/**
 * The action that a path asks for: what follows `/api/v1` or `/api/latest`, which may stand there in any number. osc-cli
 * writes two slashes, and some clients append `/api/v1` to an endpoint that has it already. Below `/api` everything is
 * of this API, an empty name included; elsewhere only what looks like an action is one.
 */
function actionIn(path: string): string | undefined {
	const [bare = ''] = path.split('?', 1);
	const whole = bare.replaceAll(/\/{2,}/g, '/');
	let rest = whole;
	for (let prefix = prefixOf(rest); prefix > 0; prefix = prefixOf(rest)) rest = rest.slice(prefix);
	const name = rest.slice(rest.startsWith('/') ? 1 : 0, rest.length > 1 && rest.endsWith('/') ? -1 : undefined);
	const isBelowApi = whole === '/api' || whole.startsWith('/api/');
	if (!isBelowApi && !/^[A-Z][A-Za-z]+$/.test(name)) return undefined;
	return name === 'api' ? '' : name.slice(0, MAX_ACTION);
}

function prefixOf(path: string): number {
	return /^\/api\/(?:v1|latest)(?=\/|$)/.exec(path)?.[0].length ?? 0;
}

/** The verbs of OUTSCALE API 1.40's actions. */
const VERBS = [
	...['Accept', 'Add', 'Check', 'Create', 'Delete', 'Deregister', 'Disable', 'Enable', 'Link', 'Put', 'Read', 'Reboot'],
	...['Register', 'Reject', 'Remove', 'Scale', 'Send', 'Set', 'Start', 'Stop', 'Unlink', 'Update'],
];
const ELSEWHERE = new RegExp(`^(${VERBS.join('|')})[A-Z][A-Za-z]*$`);

function unknownAction(name: string): Refusal {
	if (name === '' || name.includes('/')) {
		const said = name === '' ? 'the path names no action' : `${quote(name)} is not an action of the API`;
		return new Refusal('UNKNOWN_ACTION', `${said}; the API is called with POST /api/v1/<Action>`, name);
	}
	const verb = ELSEWHERE.exec(name)?.[1];
	const meant = nearest(
		name,
		[...OUTSCALE_ACTIONS.keys()].filter(each => verb === undefined || each.startsWith(verb)),
	);
	if (meant !== undefined) {
		const message = `${quote(name)} is not an action of the API; did you mean ${quote(meant)}?`;
		return new Refusal('UNKNOWN_ACTION', message, name);
	}
	const message =
		verb === undefined
			? `${quote(name)} is not an action of the API`
			: `lb-local emulates the load balancer part of the API, and ${quote(name)} is not in it`;
	return new Refusal('UNKNOWN_ACTION', message, name);
}

/** What is kept of a name that no action has: it may be anything, and any length. */
function shownAction(name: string): string {
	return isPrivateKey(name) ? '(private key)' : name.slice(0, 60);
}

/** The cloud's own sentence may be an empty one, and that of a bug says nothing: the log says what was wrong. */
function forLog(error: unknown, details: string): string {
	return error instanceof Refusal && details !== '' ? details : messageOf(error);
}

/** A bug of ours has an answer too, and no stack in it. */
function asRefusal(error: unknown): Refusal {
	if (error instanceof Refusal) return error;
	return new Refusal(
		'BUG',
		'lb-local failed at something it believed impossible; nothing has changed. Please report it',
	);
}

function errorAnswer(
	status: number,
	error: {readonly type: string; readonly code: string; readonly details: string; readonly requestId: string},
	headers: readonly (readonly [string, string])[] = [],
): ApiAnswer {
	const {type, code, details, requestId} = error;
	const fields = {
		Errors: [{Code: code, Details: details, Type: type}],
		ResponseContext: {RequestId: requestId},
	};
	return answerOf(status, fields, headers);
}

function answerOf(
	status: number,
	fields: AnswerFields,
	headers: readonly (readonly [string, string])[] = [],
): ApiAnswer {
	return {status, headers: [['Content-Type', 'application/json'], ...headers], body: writeJson(fields)};
}
