import {readdir, readFile} from 'node:fs/promises';
import {fileURLToPath} from 'node:url';
import test from 'ava';
import {startScene} from '../../scripts/screenshots/scene.ts';
import {steadyAnswers} from '../../scripts/screenshots/steady.ts';
import {VIEWS} from '../../scripts/screenshots/steady-page.ts';

const DOCS = fileURLToPath(new URL('../../docs/', import.meta.url));

/** All that the page reads, as the pictures have it. */
async function shownInARun(): Promise<string> {
	await using emulator = await startScene();
	const steady = steadyAnswers(emulator);
	const paths = ['state', 'traffic', 'traffic/web/2', 'calls', 'faults', 'connect'];
	const answers = paths.map(async path => (await fetch(`${emulator.endpoint}/_lb/${path}`)).text());
	const {pid} = process;
	return steady((await Promise.all(answers)).join('\n')).replace(`"pid":${pid}`, '"pid":1');
}

test('the scene of the pictures is the same in every run', async t => {
	const [one, other] = [await shownInARun(), await shownInARun()];

	t.is(one, other);
	t.true(one.includes('"boundPort":10443'));
	t.true(one.includes('2026-02-03T12:04:31.220Z'));
	t.regex(one, /"firstByte":38\b/);
});

test('docs/page.md shows a picture of each view in both themes, and there are no others', async t => {
	const text = await readFile(`${DOCS}page.md`, 'utf8');
	const expected = VIEWS.flatMap(({name}) => [`${name}-dark.png`, `${name}-light.png`]).sort();

	t.deepEqual((await readdir(`${DOCS}images`)).sort(), expected);
	t.deepEqual([...text.matchAll(/images\/([\w-]+\.png)/g)].map(([, file]) => file ?? '').sort(), expected);
});
