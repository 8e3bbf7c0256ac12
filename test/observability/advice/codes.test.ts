import {readFileSync} from 'node:fs';
import test from 'ava';
import {ADVICE_CODES} from '../../../src/model/advice.ts';

test('every code has its entry in docs/advice.md, with a fix, and nothing else has one', t => {
	const text = readFileSync(new URL('../../../docs/advice.md', import.meta.url), 'utf8');
	const entries = text.split(/^## /m).slice(1);

	t.deepEqual(entries.map(entry => entry.slice(1, entry.indexOf('`', 1))).sort(), [...ADVICE_CODES].sort());
	for (const entry of entries) t.regex(entry, /^Fix: /m);
});
