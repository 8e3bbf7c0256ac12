import test from 'ava';
import {cut, isBinary, visible, visibleLines} from '../../src/page/escape.ts';

const shows = test.macro({
	exec: (t, text: string, shown: string) => t.is(visible(text), shown),
	title: (_, text) => `visible: ${JSON.stringify(text)}`,
});

test(shows, 'plain, <b>markup</b> & é 漢 😀', 'plain, <b>markup</b> & é 漢 😀');
test(shows, 'a\u202eb\u2066c\u2069', 'a\\u{202e}b\\u{2066}c\\u{2069}');
test(shows, '\u0000\u001b[31m\u007f\u009b\r\n\t', '\\u{0}\\u{1b}[31m\\u{7f}\\u{9b}\\u{d}\\u{a}\\u{9}');
test(shows, 'zero\u200bwidth\ufeff\u00ad\u2060', 'zero\\u{200b}width\\u{feff}\\u{ad}\\u{2060}');
test(shows, 'lines\u2028\u2029', 'lines\\u{2028}\\u{2029}');
test(shows, 'halves \ud83d \ude00', 'halves \\u{d83d} \\u{de00}');
test(shows, '\ufffd', '\ufffd');

test('several lines keep their breaks and tabs, and nothing else that is invisible', t => {
	t.is(visibleLines('a\r\n\tb\n\u202ec\r'), 'a\n\tb\n\\u{202e}c\\u{d}');
});

test('a long text is cut between characters, and says how much is missing', t => {
	t.is(cut('short', 5), 'short');
	t.is(cut('longer', 4), 'long… (2 more characters)');
	t.is(cut('ab😀cd', 3), 'ab… (4 more characters)');
	t.is(cut('all', 0), '… (3 more characters)');
});

test('a body with control characters, or that was no UTF-8, is not text', t => {
	t.false(isBinary('{"a": 1}\r\n\t\f\u001b'));
	t.true(isBinary('a\u0000'));
	t.true(isBinary('\ufffdPNG'));
});
