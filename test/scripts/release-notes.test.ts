import {readFile} from 'node:fs/promises';
import test from 'ava';
import {releaseNotes} from '../../scripts/release-notes.ts';

const changelog =
	'# Changelog\n\n## Unreleased\n\n## 0.2.0 - 2026-11-28\n\n### Added\n\n- One.\n\n## 0.1.0 - 2026-10-01\n\n- First.\n';

test('the notes of a release are the section of its version', t => {
	t.deepEqual(releaseNotes({tag: 'v0.2.0', version: '0.2.0', changelog}), {notes: '### Added\n\n- One.'});
	t.deepEqual(releaseNotes({tag: 'v0.1.0', version: '0.1.0', changelog}), {notes: '- First.'});
});

for (const [title, release, problem] of [
	[
		'a tag of another version',
		{tag: 'v0.2.0', version: '0.1.0'},
		/the tag is v0\.2\.0, package\.json asks for v0\.1\.0/,
	],
	['a tag without its v', {tag: '0.2.0', version: '0.2.0'}, /the tag is 0\.2\.0, package\.json asks for v0\.2\.0/],
	['no tag', {tag: '', version: '0.2.0'}, /package\.json asks for v0\.2\.0/],
	[
		'a version without a section',
		{tag: 'v0.3.0', version: '0.3.0'},
		/has no section 0\.3\.0; it has Unreleased, 0\.2\.0/,
	],
	['a version that begins as another', {tag: 'v0.2', version: '0.2'}, /has no section 0\.2;/],
	['a section without a date', {tag: 'v1.0.0', version: '1.0.0', changelog: '## 1.0.0\n\n- One.\n'}, /has no date/],
	['an empty section', {tag: 'v1.0.0', version: '1.0.0', changelog: '## 1.0.0 - 2026-11-28\n\n'}, /is empty/],
] as const) {
	test(`nothing is released with ${title}`, t => {
		const found = releaseNotes({changelog, ...release});

		t.true('problems' in found);
		if ('problems' in found) t.regex(found.problems.join('\n'), problem);
	});
}

test('the project has notes for its own version, or is not released yet', async t => {
	const root = new URL('../../', import.meta.url);
	const {version} = JSON.parse(await readFile(new URL('package.json', root), 'utf8')) as {version: string};
	const text = await readFile(new URL('CHANGELOG.md', root), 'utf8');

	const found = releaseNotes({tag: `v${version}`, version, changelog: text});

	t.true('notes' in found || text.includes('## Unreleased'));
});
