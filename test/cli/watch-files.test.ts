import {mkdir, readFile, rename, rm, symlink, writeFile} from 'node:fs/promises';
import path from 'node:path';
import test from 'ava';
import {FileWatch} from '../../src/cli/watch-files.ts';
import {temporaryFolder} from '../helpers/temporary-folder.ts';

interface Scene {
	/** Relative to the folder of the test. */
	readonly file: string;
	readonly prepare: (folder: string) => Promise<void>;
	/** Writes the text to the file. */
	readonly change: (folder: string, text: string) => Promise<void>;
}

/** A folder of its own for each release, and the link to it replaced by another, as `ln -sfn` and Kubernetes do. */
async function release(folder: string, {link, text}: {readonly link: string; readonly text: string}): Promise<void> {
	const name = `release ${text}`;
	await mkdir(path.join(folder, name, 'tls'), {recursive: true});
	await writeFile(path.join(folder, name, 'lb.yaml'), text);
	await writeFile(path.join(folder, name, 'tls', 'own.crt'), text);
	await point(folder, link, name);
}

async function point(folder: string, link: string, target: string): Promise<void> {
	await symlink(target, path.join(folder, `${link}.next`));
	await rename(path.join(folder, `${link}.next`), path.join(folder, link));
}

const scenes: Readonly<Record<string, Scene>> = {
	'a file that is replaced': {
		file: 'lb.yaml',
		prepare: async () => {},
		change: async (folder, text) => {
			await writeFile(path.join(folder, 'lb.yaml~'), text);
			await rename(path.join(folder, 'lb.yaml~'), path.join(folder, 'lb.yaml'));
		},
	},
	'a file whose folder goes and comes again': {
		file: 'config/lb.yaml',
		prepare: async () => {},
		change: async (folder, text) => {
			await rm(path.join(folder, 'config'), {recursive: true, force: true});
			await mkdir(path.join(folder, 'config'));
			await writeFile(path.join(folder, 'config', 'lb.yaml'), text);
		},
	},
	'a link to its folder': {
		file: 'current/lb.yaml',
		prepare: async () => {},
		change: (folder, text) => release(folder, {link: 'current', text}),
	},
	'a link to a folder further up': {
		file: 'current/tls/own.crt',
		prepare: async () => {},
		change: (folder, text) => release(folder, {link: 'current', text}),
	},
	'a file that is a link through a link, as Kubernetes mounts them': {
		file: 'lb.yaml',
		prepare: folder => symlink('..data/lb.yaml', path.join(folder, 'lb.yaml')),
		change: (folder, text) => release(folder, {link: '..data', text}),
	},
	'a link that leads elsewhere through an absolute path': {
		file: 'mounted/lb.yaml',
		prepare: folder => symlink(path.join(folder, 'other', 'current'), path.join(folder, 'mounted')),
		change: async (folder, text) => {
			await mkdir(path.join(folder, 'other'), {recursive: true});
			await release(path.join(folder, 'other'), {link: 'current', text});
		},
	},
};

for (const [what, {file, prepare, change}] of Object.entries(scenes)) {
	test(`a change is noticed each time, of ${what}`, async t => {
		const folder = await temporaryFolder(t);
		const watched = path.join(folder, file);
		await prepare(folder);
		await change(folder, 'one');
		const seen: string[] = [];
		let look = () => {};
		const watch = new FileWatch({
			onChange: async () => {
				seen.push(await readFile(watched, 'utf8'));
				await watch.set([watched]);
				look();
			},
			onTrouble: why => t.fail(why),
		});
		t.teardown(() => watch.close());
		const shows = (text: string) =>
			new Promise<void>(resolve => {
				look = () => {
					if (seen.at(-1) === text) resolve();
				};
				look();
			});

		await watch.set([watched]);
		await shows('one');
		for (const text of ['two', 'three', 'four']) {
			await change(folder, text);
			await shows(text);
		}

		t.is(seen.at(-1), 'four');
	});
}
