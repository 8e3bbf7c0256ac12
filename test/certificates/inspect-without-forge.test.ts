import {execFile} from 'node:child_process';
import {pathToFileURL} from 'node:url';
import {promisify} from 'node:util';
import test from 'ava';
import {compiled} from '../helpers/compiled.ts';

test('forge is loaded when the first certificate is made, and by nothing else', async t => {
	const module = (name: string) => pathToFileURL(compiled(`src/${name}`)).href;
	const script = `
		import {createRequire} from 'node:module';
		await import('${module('certificates/inspect.ts')}');
		await import('${module('certificates/write-pair.ts')}');
		const before = loaded();
		const {createAuthority} = await import('${module('index.ts')}');
		const imported = loaded();
		createAuthority();
		console.log(JSON.stringify([before, imported, loaded()]));
		function loaded() {
			return Object.keys(createRequire(import.meta.url).cache).some(file => file.includes('node-forge'));
		}
	`;

	const {stdout} = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script]);

	t.deepEqual(JSON.parse(stdout), [false, false, true]);
});
