import {execFile} from 'node:child_process';
import {pathToFileURL} from 'node:url';
import {promisify} from 'node:util';
import test from 'ava';
import {compiled} from '../helpers/compiled.ts';

for (const [key, name] of [
	['bun', 'Bun'],
	['deno', 'Deno'],
] as const) {
	test(`${name} is refused, with what to do instead`, async t => {
		const script = `
			Object.defineProperty(process, 'versions', {value: {...process.versions, ${key}: '9.8.7'}});
			const {startEmulator, startLoadBalancer} = await import('${pathToFileURL(compiled('src/index.ts')).href}');
			for (const start of [() => startEmulator(), () => startLoadBalancer({listeners: ['http:80'], backends: 1})]) {
				await start().then(() => console.log('started'), ({code, message, hint}) => console.log(code, message, hint));
			}
		`;

		const {stdout} = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script]);

		const line = new RegExp(
			`^RUNTIME_UNSUPPORTED lb-local needs the sockets of Node, and this is ${name} 9\\.8\\.7\\b[\\s\\S]*npx lb-local up`,
		);
		const told = stdout.split(/(?=RUNTIME_UNSUPPORTED)/);
		t.is(told.length, 2);
		for (const each of told) t.regex(each, line);
	});
}
