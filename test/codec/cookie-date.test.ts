import test from 'ava';
import fc from 'fast-check';
import {readCookieDate} from '../../src/codec/cookie-date.ts';

const DATES: readonly (readonly [text: string, iso: string | undefined])[] = [
	['Wed, 09 Jun 2021 10:18:14 GMT', '2021-06-09T10:18:14.000Z'],
	['Wed, 09-Jun-2021 10:18:14 GMT', '2021-06-09T10:18:14.000Z'],
	['Wednesday, 09-Jun-21 10:18:14 GMT', '2021-06-09T10:18:14.000Z'],
	['Wed Jun  9 10:18:14 2021', '2021-06-09T10:18:14.000Z'],
	['9 JUNE 2021 1:2:3', '2021-06-09T01:02:03.000Z'],
	['Thu, 01-Jan-70 00:00:00 GMT', '1970-01-01T00:00:00.000Z'],
	['Thu, 01-Jan-69 00:00:00 GMT', '2069-01-01T00:00:00.000Z'],
	['Tue, 29 Feb 2028 00:00:00 GMT', '2028-02-29T00:00:00.000Z'],
	['Wed, 29 Feb 2023 00:00:00 GMT', undefined],
	['Wed, 32 Jan 2023 00:00:00 GMT', undefined],
	['Wed, 01 Jan 2023 24:00:00 GMT', undefined],
	['Wed, 01 Jan 1600 00:00:00 GMT', undefined],
	['Wed, 01 Jan 2023', undefined],
	['01:02:03', undefined],
	['-1', undefined],
	['0', undefined],
	['', undefined],
	[`${' '.repeat(65_536)}Wed, 09 Jun 2021 10:18:14 GMT`, undefined],
];

for (const [text, iso] of DATES) {
	test(`the date "${text.slice(-40)}" of ${text.length} characters is ${iso}`, t => {
		const ms = readCookieDate(text);
		t.is(ms === undefined ? undefined : new Date(ms).toISOString(), iso);
	});
}

test('every date in the form of HTTP is read back', t => {
	fc.assert(
		fc.property(fc.integer({min: -11_000_000_000, max: 250_000_000_000}), seconds => {
			t.is(readCookieDate(new Date(seconds * 1000).toUTCString()), seconds * 1000);
		}),
	);
});

test('no text makes the reader of dates throw', t => {
	fc.assert(
		fc.property(fc.string({unit: fc.constantFrom(...'0129: ,-JanFeb\x00\xff')}), text => {
			const ms = readCookieDate(text);
			t.true(ms === undefined || Number.isInteger(ms));
		}),
	);
});
