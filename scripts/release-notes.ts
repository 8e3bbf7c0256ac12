// Prints what CHANGELOG.md says about a version, for a release: node --import=tsx scripts/release-notes.ts v0.2.0
// Fails when the tag, the version in package.json and the section in CHANGELOG.md are not of one version.
import {readFile} from 'node:fs/promises';
import path from 'node:path';
import {fileURLToPath} from 'node:url';

export interface Release {
	/** As git has it: `v0.2.0`. */
	readonly tag: string;
	/** As package.json has it: `0.2.0`. */
	readonly version: string;
	/** The text of CHANGELOG.md. */
	readonly changelog: string;
}

/** The section of a release, without its heading; or what keeps it from being released, all at once. */
export function releaseNotes({tag, version, changelog}: Release): {notes: string} | {problems: readonly string[]} {
	const problems: string[] = [];
	if (tag !== `v${version}`) problems.push(`the tag is ${tag}, package.json asks for v${version}`);
	const wanted = tag.replace(/^v/, '');
	const sections = changelog.split(/^## /m).slice(1);
	const headings = sections.map(section => section.split('\n', 1)[0] ?? '');
	const index = headings.findIndex(heading => heading === wanted || heading.startsWith(`${wanted} - `));
	if (index === -1) problems.push(`CHANGELOG.md has no section ${wanted}; it has ${headings.join(', ') || 'none'}`);
	const notes = (sections[index] ?? '').slice(headings[index]?.length).trim();
	if (index !== -1 && !/ - \d{4}-\d\d-\d\d$/.test(headings[index] ?? '')) {
		problems.push(`the section ${wanted} has no date: "## ${wanted} - 2026-01-31" is the form`);
	}
	if (index !== -1 && notes === '') problems.push(`the section ${wanted} in CHANGELOG.md is empty`);
	return problems.length > 0 ? {problems} : {notes};
}

async function main(tag: string): Promise<void> {
	const read = (name: string) => readFile(fileURLToPath(new URL(`../${name}`, import.meta.url)), 'utf8');
	const {version} = JSON.parse(await read('package.json')) as {version: string};
	const release = releaseNotes({tag, version, changelog: await read('CHANGELOG.md')});
	if ('notes' in release) {
		console.log(release.notes);
		return;
	}
	for (const problem of release.problems) console.error(`Cannot release ${tag}: ${problem}`);
	process.exitCode = 1;
}

const started = process.argv[1];
if (started !== undefined && path.resolve(started) === fileURLToPath(import.meta.url))
	await main(process.argv[2] ?? '');
