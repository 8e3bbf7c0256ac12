import {isPrivateKey, quote} from '../../base/quote.ts';
import type {ApiAnswer, ApiCall, ApiRequest, Dialect, RequestRefusal} from '../dialect.ts';

/** As botocore's service models have them. A client takes an answer without its own, too. */
const NAMESPACES: ReadonlyMap<string, string> = new Map([
	['2010-05-08', 'https://iam.amazonaws.com/doc/2010-05-08/'],
	['2012-06-01', 'http://elasticloadbalancing.amazonaws.com/doc/2012-06-01/'],
	['2015-12-01', 'http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/'],
]);
const USUAL_VERSION = '2012-06-01';

/** The longest name of an action that the call log keeps. */
const MAX_ACTION = 100;

interface WireError {
	readonly status: number;
	readonly code: string;
	readonly message: string;
}

/**
 * The ELB API (AWS Query: a form in, XML out), of which only the errors are here: its clients read no other form, and
 * would show their user a failure to parse instead of a sentence.
 *
 * @see botocore, service model elb/2012-06-01, and its QueryParser
 */
export class ElbDialect implements Dialect {
	readonly #requestId: (serial: number) => string;
	#requests = 0;

	/** @param requestId a UUID for the n-th request. */
	constructor(requestId: (serial: number) => string) {
		this.#requestId = requestId;
	}

	/** `POST /` with a form, and whatever has `Action` in its query. Below `/api/` is the OUTSCALE API. */
	claims(method: string, path: string, query = ''): boolean {
		if (method === 'POST' && /^\/+$/.test(path)) return true;
		return !/^\/+api(\/|$)/.test(path) && new URLSearchParams(query).has('Action');
	}

	async answer({query = '', body}: ApiRequest): Promise<{readonly answer: ApiAnswer; readonly call: ApiCall}> {
		const form = new URLSearchParams(Buffer.from(body).toString());
		const parameters = new URLSearchParams(query);
		const read = (name: string) => parameters.get(name) ?? form.get(name) ?? '';
		const given = read('Action');
		const action = isPrivateKey(given) ? '' : given.slice(0, MAX_ACTION);
		const error = refusalOf(action);
		const call = {
			action,
			api: 'elb',
			status: error.status,
			unread: [],
			error: {code: error.code, details: error.message},
		} as const;
		return {answer: this.#errorAnswer(error, read('Version')), call};
	}

	refuse({status, reason}: RequestRefusal): ApiAnswer {
		return this.#errorAnswer({status, code: codeOf(status), message: reason}, USUAL_VERSION);
	}

	/** The shape that botocore reads: `RequestId` directly under the root. */
	#errorAnswer({status, code, message}: WireError, version: string): ApiAnswer {
		const requestId = this.#requestId(this.#requests++);
		const namespace = NAMESPACES.get(version) ?? NAMESPACES.get(USUAL_VERSION) ?? '';
		const type = status < 500 ? 'Sender' : 'Receiver';
		const body = [
			`<ErrorResponse xmlns="${namespace}">`,
			`<Error><Type>${type}</Type><Code>${code}</Code><Message>${escaped(message)}</Message></Error>`,
			`<RequestId>${requestId}</RequestId>`,
			'</ErrorResponse>',
		];
		return {
			status,
			headers: [
				['Content-Type', 'text/xml'],
				// The AWS SDK for JavaScript takes it from here.
				['x-amzn-RequestId', requestId],
			],
			body: `${body.join('\n')}\n`,
		};
	}
}

/** Of 400, because botocore tries four times more whatever is answered with 500. */
function refusalOf(action: string): WireError {
	if (action === '') {
		const message = 'The request has no Action. The OUTSCALE API is called with POST /api/v1/<Action>';
		return {status: 400, code: 'MissingAction', message};
	}
	return {
		status: 400,
		code: 'InvalidAction',
		message: `lb-local does not answer ${quote(action)}: it has the OUTSCALE API alone, called with POST /api/v1/<Action>`,
	};
}

/** AWS, common errors. */
function codeOf(status: number): string {
	if (status >= 500) return 'InternalFailure';
	return status === 401 || status === 403 ? 'AccessDenied' : 'ValidationError';
}

/** XML 1.0 section 2.2: most control characters cannot stand in a document, whatever their form. */
function escaped(text: string): string {
	return text
		.replaceAll('&', '&amp;')
		.replaceAll('<', '&lt;')
		.replaceAll('>', '&gt;')
		.replaceAll(/[^\t\n\r\u{20}-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]/gu, '\u{fffd}');
}
