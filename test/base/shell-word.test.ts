import test from 'ava';
import {shellWord} from '../../src/base/shell-word.ts';

test('a word is quoted when a shell would split it', t => {
	t.is(shellWord('/a/b.pem'), '/a/b.pem');
	t.is(shellWord('/a b/$c'), "'/a b/$c'");
	t.is(shellWord("it's"), "'it'\\''s'");
	t.is(shellWord(''), "''");
});
