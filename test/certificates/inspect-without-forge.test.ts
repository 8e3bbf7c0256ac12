import {execFile} from 'node:child_process';
import {promisify} from 'node:util';
import test from 'ava';

test('forge is loaded when the first certificate is made, and by nothing else', async t => {
	const script = `
		import {createRequire} from 'node:module';
		await import('./src/certificates/inspect.ts');
		await import('./src/certificates/write-pair.ts');
		const before = loaded();
		const {createAuthority} = await import('./src/index.ts');
		const imported = loaded();
		createAuthority();
		console.log(JSON.stringify([before, imported, loaded()]));
		function loaded() {
			return Object.keys(createRequire(import.meta.url).cache).some(file => file.includes('node-forge'));
		}
	`;

	const {stdout} = await promisify(execFile)(process.execPath, ['--import=tsx', '--input-type=module', '-e', script]);

	t.deepEqual(JSON.parse(stdout), [false, false, true]);
});
