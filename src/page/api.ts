/** What the control port says against a request. */
export interface Failure {
	readonly code: string;
	readonly message: string;
	readonly hint?: string;
	readonly violations?: readonly {readonly path: string; readonly message: string; readonly hint?: string}[];
}

/** The answer to a request: its JSON, or why there is none. */
export type Answer<Value> = {readonly value: Value} | {readonly failure: Failure};

/** Asks the control port that the page came from. Never rejects. */
export type Ask = <Value>(method: string, path: string, body?: object) => Promise<Answer<Value>>;

const UNREACHABLE: Failure = {
	code: 'UNREACHABLE',
	message: 'The control port does not answer',
	hint: 'Is lb-local still running?',
};

/** What has the port by now may be another program. */
function notUnderstood(status: number): Failure {
	return {...UNREACHABLE, message: `The control port does not answer as lb-local does: status ${status}`};
}

/** @param fetch the browser's. */
export function askBy(fetch: (url: string, init: RequestInit) => Promise<Response>): Ask {
	return async <Value>(method: string, path: string, body?: object): Promise<Answer<Value>> => {
		try {
			const sent = body === undefined ? {} : {body: JSON.stringify(body)};
			const response = await fetch(`/_lb/${path}`, {method, ...sent});
			// The control port answers JSON to all that the page asks for, of the shape that its types say.
			const json = (await response.json().catch(() => null)) as (Value & {readonly error?: Partial<Failure>}) | null;
			if (response.ok && json !== null) return {value: json};
			const {code, message, ...rest} = json?.error ?? {};
			if (code === undefined || message === undefined) return {failure: notUnderstood(response.status)};
			return {failure: {code, message, ...rest}};
		} catch {
			return {failure: UNREACHABLE};
		}
	};
}

/** A failure in one line. */
export function failureText({message, hint, violations = []}: Failure): string {
	const broken = violations.map(each => `${each.path === '' ? '' : `${each.path}: `}${each.message}`);
	// The message of what is not valid has them too, on lines of their own.
	const what = broken.length === 0 ? message : message.replace(/:\n.*/s, '');
	const parts = [what, ...broken, ...(hint === undefined ? [] : [hint])];
	return parts.reduce((text, part) => `${text}${text.endsWith('.') ? '' : '.'} ${part}`);
}
