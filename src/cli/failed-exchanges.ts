import type {Exchange} from '../observability/exchange.ts';
import {whyText} from '../observability/why.ts';
import {exchangeLine} from './report.ts';
import {countOf, type Paint} from './text.ts';

/** How many are shown. README.md states it, too. */
const SHOWN = 10;

/** The exchanges of a run that failed: the first of them as lines, and their number. */
export class FailedExchanges {
	readonly #paint: Paint;
	readonly #lines: string[] = [];
	#count = 0;

	constructor(paint: Paint) {
		this.#paint = paint;
	}

	/** Counts an exchange that has ended, if it failed. */
	add(exchange: Exchange): void {
		if (!hasFailed(exchange)) return;
		this.#count++;
		if (this.#lines.length < SHOWN) this.#lines.push(failedLine(exchange, this.#paint));
	}

	/** What is printed at the end; nothing when none failed. */
	report(): string[] {
		if (this.#count === 0) return [];
		const more = this.#count - this.#lines.length;
		const rest = more === 0 ? [] : [`  and ${more.toLocaleString('en-US')} more`];
		return [`lb-local: ${countOf(this.#count, 'exchange')} failed`, ...this.#lines.map(line => `  ${line}`), ...rest];
	}
}

function hasFailed({outcome, summary: {status}}: Exchange): boolean {
	return outcome !== 'ok' || status >= 500;
}

/** With why it went to its back-end or to none. Logs of CI are public: no query, header or body is shown. */
export function failedLine(exchange: Exchange, paint: Paint): string {
	const why = whyText(exchange.why);
	// The cause of a 503 for want of a back-end says it already.
	return exchangeLine(exchange, paint, {target: pathOf, why: exchange.cause.includes(why) ? '' : why});
}

/** The path of a target: without its query, and without what comes before it in `http://user:password@host/path`. */
function pathOf(target: string): string {
	const end = target.search(/[?#]/);
	const path = end === -1 ? target : target.slice(0, end);
	return path.replace(/^[^/]*:\/\/[^/]*/, '') || '/';
}
