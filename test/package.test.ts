import {access, readFile} from 'node:fs/promises';
import path from 'node:path';
import {fileURLToPath} from 'node:url';
import test from 'ava';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const manifest = JSON.parse(await readFile(path.join(ROOT, 'package.json'), 'utf8'));
// npm takes these along, whatever "files" says: docs.npmjs.com, package.json, "files".
const ALWAYS = ['package.json', 'README.md', 'LICENSE'];

test('every file that the README names is in the package', async t => {
	const readme = await readFile(path.join(ROOT, 'README.md'), 'utf8');
	const links = [...readme.matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map(([, target = '']) => target);
	const mentions = [...readme.matchAll(/`((?:docs|src|test|bench|scripts)\/[^`\s]*|[A-Z]+\.md)`/g)].map(
		([, target = '']) => target,
	);
	const named = new Set([...links, ...mentions]);

	t.true(named.has('docs/fidelity.md'));
	for (const target of named) {
		await t.notThrowsAsync(access(path.join(ROOT, target)), target);
		t.true(isPacked(target), `${target} is not in the package`);
	}
});

test('the package is found by its name alone: no repository, homepage or bugs until they have one address', t => {
	t.deepEqual(
		['repository', 'homepage', 'bugs'].filter(field => field in manifest),
		[],
	);
});

function isPacked(target: string): boolean {
	const packed: readonly string[] = [...manifest.files, ...ALWAYS];
	return packed.some(entry => target === entry || target.startsWith(`${entry}/`));
}
