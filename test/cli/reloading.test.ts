import {rename, writeFile} from 'node:fs/promises';
import path from 'node:path';
import test from 'ava';
import {NoticePrinter} from '../../src/cli/notice-printer.ts';
import type {Output} from '../../src/cli/output.ts';
import {Reloading} from '../../src/cli/reloading.ts';
import {startEmulator} from '../../src/index.ts';
import {freePorts} from '../helpers/ports.ts';
import {temporaryFolder} from '../helpers/temporary-folder.ts';

const GOOD = 'loadBalancers: {web: {listeners: ["http:80"]}}';

/** What is written, as lines. */
function collect(): {readonly output: Output; readonly lines: string[]} {
	const lines: string[] = [];
	const plain: Output['paintProse'] = (_, text) => text;
	const output: Output = {
		data: line => lines.push(line),
		say: line => lines.push(line),
		warn: message => lines.push(`warning: ${message}`),
		// The reported error is one of ours.
		fail: error => lines.push((error as Error).message),
		stream: () => () => {},
		paintData: plain,
		paintProse: plain,
	};
	return {output, lines};
}

test('the same problem is reported once, another one too, and on request again', async t => {
	const folder = await temporaryFolder(t);
	const file = path.join(folder, 'lb.yaml');
	await writeFile(file, GOOD);
	await using emulator = await startEmulator({config: file});
	const {output, lines} = collect();
	const reloading = await Reloading.start({
		emulator,
		file,
		output,
		noticePrinter: new NoticePrinter(emulator, output, {quiet: false}),
		quiet: false,
	});
	t.teardown(() => reloading?.stop());
	const told = async (text: string, isRequested = false): Promise<string[]> => {
		// In one piece, so that the watch sees no incomplete file.
		await writeFile(`${file}.draft`, text);
		await rename(`${file}.draft`, file);
		await reloading?.run({isRequested});
		return lines.splice(0);
	};

	t.deepEqual(await told(GOOD), []);
	t.regex((await told('x: 1')).join('\n'), /unknown key "x"(?:.|\n)+nothing has changed: what ran before goes on$/);
	t.deepEqual(await told('x: 1'), []);
	t.regex((await told('y: 1')).join('\n'), /unknown key "y"/);
	t.regex((await told('y: 1', true)).join('\n'), /unknown key "y"/);
	t.deepEqual(await told(GOOD), [`${file} is valid again, and nothing in it has changed`]);
	t.deepEqual(await told(GOOD), []);
	const [first = '', ...others] = await told('loadBalancers: {api: {listeners: ["http:80"]}}');
	t.is(first, `reloaded ${file}: load balancer api added; load balancer web removed`);
	t.regex(others.join('\n'), /^api {2}api-\d+\..*\n {2}http:80 -> http:80 {2}on 127\.0\.0\.1:\d+\n/);

	const [port = 0] = await freePorts(1);
	const withServer = (
		await told(
			`{backends: {app: "127.0.0.1:${port}"}, loadBalancers: {api: {listeners: ["http:80"], backends: [app]}}}`,
		)
	).join('\n');
	t.regex(withServer, new RegExp(`back-end .* InService, nothing listens at 127\\.0\\.0\\.1:${port}\n`));
	t.regex(
		withServer,
		new RegExp(`\nwarning: nothing listens at 127\\.0\\.0\\.1:${port} yet, where back-end app of api is$`),
	);
});

test('a configuration from a pipe is not watched', async t => {
	await using emulator = await startEmulator({config: {}});
	const {output} = collect();

	const reloading = await Reloading.start({
		emulator,
		file: '/dev/null',
		output,
		noticePrinter: new NoticePrinter(emulator, output, {quiet: false}),
		quiet: false,
	});

	t.is(reloading, undefined);
});
