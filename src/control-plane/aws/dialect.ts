import {messageOf} from '../../base/errors.ts';
import {isPrivateKey} from '../../base/quote.ts';
import {nearest} from '../../base/suggest.ts';
import type {ApiDialect} from '../../model/normalised.ts';
import {Refusal} from '../../model/refusal.ts';
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
import type {ServedAction} from './actions.ts';
import {errorDocument, NAMESPACES, type Service} from './error-document.ts';
import {failureOf} from './failure.ts';
import {FORM_FORMAT, type FormTree, readForm} from './query-form.ts';
import {type Cloud, queryErrorOf} from './wire-errors.ts';

export interface AwsOptions {
	readonly store: CloudStore;
	/** Undefined: all actions, with LBU's answers; `outscale`: what LBU lacks is refused; `aws`: AWS's answers and rules. */
	readonly dialect: ApiDialect | undefined;
	/** Validates a request's signature; undefined = whoever asks is let in. */
	readonly authenticate?: Authenticate | undefined;
}

/** Other AWS APIs of the same protocol, some with the same actions: ELBv2, EC2, STS, Auto Scaling, CloudWatch, RDS, SNS. */
const OTHER_VERSIONS: ReadonlySet<string> = new Set([
	...['2015-12-01', '2016-11-15', '2011-06-15', '2011-01-01', '2010-08-01', '2014-10-31', '2010-03-31'],
]);

/** The longest name of an action that is shown, in an answer and in the call log. */
const MAX_ACTION = 100;

/**
 * The ELB API 2012-06-01 and the server certificates of the IAM API 2010-05-08 (AWS Query: a form in, XML out), as
 * OUTSCALE's LBU and EIM answer, or AWS.
 *
 * @see botocore, service models elb/2012-06-01 and iam/2010-05-08, and its QueryParser
 */
export class AwsDialect implements Dialect, FailingDialect {
	readonly failing = this;
	readonly #options: AwsOptions;
	readonly #cloud: Cloud;
	#actions: ReadonlyMap<string, ServedAction> | undefined;
	#requests = 0;

	constructor(options: AwsOptions) {
		this.#options = options;
		this.#cloud = options.dialect === 'aws' ? 'aws' : 'lbu';
	}

	/** `POST /` with a form, and whatever has `Action` in its query. Below `/api/` is the OUTSCALE API. */
	claims(method: string, path: string, query = ''): boolean {
		if (method === 'POST' && /^\/+$/.test(path)) return true;
		return !/^\/+api(\/|$)/.test(path) && new URLSearchParams(query).has('Action');
	}

	async answer(request: ApiRequest): Promise<{readonly answer: ApiAnswer; readonly call: ApiCall}> {
		const reading = new Reading(FORM_FORMAT);
		let asked: Asked = {action: '', version: '', service: serviceInScope(request)};
		try {
			const form = readForm(request.query ?? '', Buffer.from(request.body).toString());
			asked = askedOf(form, asked.service);
			const body = await this.#carryOut(request, asked, form, reading);
			return {
				answer: xmlAnswer(200, body.text, body.requestId),
				call: {action: asked.action, api: 'elb', status: 200, unread: reading.unread},
			};
		} catch (error) {
			return this.#failed(error, asked, reading);
		}
	}

	actionOf(request: ApiRequest): string {
		return this.#askedOf(request).action;
	}

	isAuthentic(request: ApiRequest): boolean {
		return this.#options.authenticate?.(request) === undefined;
	}

	fail(request: ApiRequest, failure: ApiFailure): {readonly answer: ApiAnswer; readonly call: ApiCall} {
		const asked = this.#askedOf(request);
		const {status, code, message} = failureOf(failure, this.#cloud);
		const requestId = this.#requestId();
		const document = errorDocument({status, code, message}, namespaceOf(asked), requestId);
		return {
			answer: xmlAnswer(status, document, requestId, givenHeaders(failure)),
			call: {action: asked.action, api: 'elb', status, unread: [], error: {code, details: message}},
		};
	}

	/** As far as the form can be read. */
	#askedOf(request: ApiRequest): Asked {
		const service = serviceInScope(request);
		try {
			return askedOf(readForm(request.query ?? '', Buffer.from(request.body).toString()), service);
		} catch {
			// What is wrong with the form is told where it is carried out.
			return {action: '', version: '', service};
		}
	}

	refuse({status, reason}: RequestRefusal): ApiAnswer {
		const requestId = this.#requestId();
		const code = codeOf(status);
		return xmlAnswer(status, errorDocument({status, code, message: reason}, 'elb', requestId), requestId);
	}

	/** @throws Refusal, or whatever a bug of ours throws */
	async #carryOut(
		request: ApiRequest,
		{action: name, version}: Asked,
		form: FormTree,
		reading: Reading,
	): Promise<{readonly text: string; readonly requestId: string}> {
		if (name === '') {
			throw new Refusal(
				'MISSING_ACTION',
				'The request has no Action. The OUTSCALE API is called with POST /api/v1/<Action>',
			);
		}
		const {store, authenticate, dialect} = this.#options;
		const denied = authenticate?.(request);
		if (denied !== undefined) throw new Refusal(denied.code, denied.reason, denied.subject, denied.of);
		// Loaded at the first request: many an emulator never gets one.
		const {servedActions, writeXml} = await import('./actions.ts');
		this.#actions ??= servedActions(dialect);
		if (OTHER_VERSIONS.has(version)) throw otherApi(name, version);
		const served = this.#actions.get(name);
		if (served === undefined) throw unknownAction(name, this.#actions.keys());
		const {action, service} = served;
		let dryRun: boolean | undefined;
		const prepared = reading.object(form, '', fields => {
			for (const parameter of ['Action', 'Version']) fields.text(parameter);
			dryRun = fields.boolean('DryRun');
			return action.prepare(fields, store);
		});
		reading.finish();
		if (dryRun === true) {
			prepared.rehearse();
			throw new Refusal('DRY_RUN', 'the request would have succeeded');
		}
		const result = await prepared.run();
		const requestId = this.#requestId();
		const answer = {
			// botocore looks for the element of each ELB action, empty ones included, and has none for some of IAM's.
			[`${name}Result`]: result ?? (service === 'iam' ? undefined : ''),
			ResponseMetadata: {RequestId: requestId},
		};
		return {text: writeXml(`${name}Response`, NAMESPACES[service], answer), requestId};
	}

	#failed(error: unknown, asked: Asked, {unread}: Reading) {
		const {action} = asked;
		const refusal =
			error instanceof Refusal
				? error
				: new Refusal(
						'BUG',
						'lb-local failed at something it believed impossible; nothing has changed. Please report it',
					);
		const {status, code, message} = queryErrorOf(refusal, this.#cloud);
		const requestId = this.#requestId();
		return {
			answer: xmlAnswer(status, errorDocument({status, code, message}, namespaceOf(asked), requestId), requestId),
			call: {
				action,
				api: 'elb' as const,
				status,
				unread,
				// The cloud's own sentence may say less than ours.
				error: {code, details: error instanceof Refusal ? refusal.message : messageOf(error)},
			},
		};
	}

	#requestId(): string {
		// Of the numbers below zero, which the OUTSCALE API does not use.
		return this.#options.store.identifiers.requestId(-1 - this.#requests++);
	}
}

/** What a request says of itself. */
interface Asked {
	readonly action: string;
	readonly version: string;
	/** Whose namespace an error has. */
	readonly service: Service;
}

function namespaceOf({version, service}: Asked): Service {
	return version === '2015-12-01' ? 'elbv2' : service;
}

function askedOf(form: FormTree, inScope: Service): Asked {
	const read = (name: string) => {
		const value = form.get(name);
		return typeof value === 'string' ? value : '';
	};
	const given = read('Action');
	const action = isPrivateKey(given) ? '(private key)' : given.slice(0, MAX_ACTION);
	const version = read('Version');
	const isIam = version === '2010-05-08' || /ServerCertificates?$/.test(action);
	return {action, version, service: isIam ? 'iam' : inScope};
}

/** The service that a request is signed for. */
function serviceInScope({headers}: ApiRequest): Service {
	const [, service = ''] = /Credential=[^,]*\/([a-z]+)\/aws4_request/.exec(headers.get('authorization') ?? '') ?? [];
	return service === 'iam' || service === 'eim' ? 'iam' : 'elb';
}

/** ELBv2 has actions of the same names, and its clients would take an answer of the classic API for their own. */
function otherApi(name: string, version: string): Refusal {
	const what =
		version === '2015-12-01' ? 'ELBv2 (application, network and gateway load balancers)' : `version ${version}`;
	return new Refusal('UNKNOWN_ACTION', `lb-local has the classic ELB API 2012-06-01 and not ${what}`, name, version);
}

function unknownAction(name: string, known: Iterable<string>): Refusal {
	const meant = nearest(name, known);
	const hint = meant === undefined ? '' : `; did you mean ${meant}?`;
	return new Refusal('UNKNOWN_ACTION', `${name} is not an action of the ELB or IAM API here${hint}`, name);
}

function xmlAnswer(
	status: number,
	body: string,
	requestId: string,
	headers: readonly (readonly [string, string])[] = [],
): ApiAnswer {
	return {
		status,
		headers: [
			['Content-Type', 'text/xml'],
			// The AWS SDK for JavaScript takes it from here.
			['x-amzn-RequestId', requestId],
			...headers,
		],
		body,
	};
}

/** AWS, common errors: the code of what the control server refuses. */
function codeOf(status: number): string {
	if (status >= 500) return 'InternalFailure';
	return status === 401 || status === 403 ? 'AccessDenied' : 'ValidationError';
}
