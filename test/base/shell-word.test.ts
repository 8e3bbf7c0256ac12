import {execFile} from 'node:child_process';
import {promisify} from 'node:util';
import test from 'ava';
import fc from 'fast-check';
import {exportLine, shellWord} from '../../src/base/shell-word.ts';
import {runs} from '../helpers/depth.ts';

const run = promisify(execFile);

test('a word is quoted when a shell would split it', t => {
	t.is(shellWord('/a/b.pem'), '/a/b.pem');
	t.is(shellWord('/a b/$c'), "'/a b/$c'");
	t.is(shellWord("it's"), "'it'\\''s'");
	t.is(shellWord(''), "''");
});

test('the value of a variable is always quoted', t => {
	t.is(exportLine(['OSC_REGION', 'eu-west-2']), "export OSC_REGION='eu-west-2'");
	t.is(exportLine(['ODD', "it's $HOME"]), "export ODD='it'\\''s $HOME'");
});

test('a text is one word of a shell, whatever is in it', async t => {
	const text = fc.string({
		unit: fc.constantFrom('a', "'", '"', '\\', '$', '`', ' ', '\n', '!', '*', 'é', ';', '-', '~'),
	});
	await fc.assert(
		fc.asyncProperty(text, async given => {
			const {stdout} = await run('sh', ['-c', `printf '<%s>' ${shellWord(given)} x`]);
			t.is(stdout, `<${given}><x>`);
		}),
		{numRuns: runs(30)},
	);
	t.is(shellWord(''), "''");
});
