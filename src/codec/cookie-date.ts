const DELIMITERS = /[\x09\x20-\x2f\x3b-\x40\x5b-\x60\x7b-\x7e]+/;
const TIME = /^(\d{1,2}):(\d{1,2}):(\d{1,2})(?:\D|$)/;
const DAY = /^(\d{1,2})(?:\D|$)/;
const YEAR = /^(\d{2,4})(?:\D|$)/;
const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];

/** Several times the length of the longest date. */
const MAX_DATE_LENGTH = 200;

/**
 * Reads the date of an Expires attribute as user agents do: tolerant of order, delimiters and two-digit years.
 *
 * @returns milliseconds since 1970-01-01 UTC, undefined when it is not a date.
 * @see RFC 6265 section 5.1.1
 */
export function readCookieDate(text: string): number | undefined {
	if (text.length > MAX_DATE_LENGTH) return undefined;
	let time: readonly number[] | undefined;
	let day: number | undefined;
	let month: number | undefined;
	let year: number | undefined;
	// Each token is matched against the missing parts in this order, and fills the first that fits.
	for (const token of text.split(DELIMITERS)) {
		const found = time === undefined ? TIME.exec(token) : null;
		const index = MONTHS.indexOf(token.slice(0, 3).toLowerCase());
		if (found !== null) time = found.slice(1).map(Number);
		else if (day === undefined && DAY.test(token)) day = numberOf(DAY, token);
		else if (month === undefined && index !== -1) month = index;
		else if (year === undefined && YEAR.test(token)) year = numberOf(YEAR, token);
	}
	if (time === undefined || day === undefined || month === undefined || year === undefined) return undefined;
	const [hours = 0, minutes = 0, seconds = 0] = time;
	const fullYear = fullYearOf(year);
	if (day < 1 || day > 31 || fullYear < 1601 || hours > 23 || minutes > 59 || seconds > 59) return undefined;
	const ms = Date.UTC(fullYear, month, day, hours, minutes, seconds);
	// `Date` would turn the 30th of February into a day of March.
	return new Date(ms).getUTCDate() === day ? ms : undefined;
}

function numberOf(pattern: RegExp, token: string): number {
	return Number(pattern.exec(token)?.[1]);
}

function fullYearOf(year: number): number {
	if (year >= 70 && year <= 99) return year + 1900;
	return year <= 69 ? year + 2000 : year;
}
