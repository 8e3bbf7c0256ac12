import type {Clock} from '../../base/clock.ts';

/**
 * The `Date` field of answers that have none yet: the load balancer's own, and a back-end's that sent none. Its text is
 * made once a second.
 *
 * @see RFC 9110 section 6.6.1
 */
export class DateField {
	readonly #clock: Clock;
	#second = Number.NaN;
	#line = '';

	constructor(clock: Clock) {
		this.#clock = clock;
	}

	/** The field as it is at this moment, with its CRLF. */
	get line(): string {
		const second = Math.floor(this.#clock.wallMs() / 1000);
		if (second !== this.#second) {
			this.#second = second;
			// The form that `toUTCString` has by ECMA-262 is IMF-fixdate, RFC 9110 section 5.6.7.
			this.#line = `Date: ${new Date(second * 1000).toUTCString()}\r\n`;
		}
		return this.#line;
	}
}
