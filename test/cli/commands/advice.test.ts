import {once} from 'node:events';
import {writeFile} from 'node:fs/promises';
import {get} from 'node:https';
import path from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {temporaryFolder} from '../../helpers/temporary-folder.ts';
import {runCli, startCli} from '../helpers/command-line.ts';

const CONFIG = `
backends:
  app: {kind: reply, headers: {Set-Cookie: session=secret}}
loadBalancers:
  web: {listeners: ["https:443 -> http:80"], backends: [app]}
`;

const ADVICE =
	'Back-end app sets a cookie without Secure behind HTTPS listener 443: browsers send it over plain HTTP as well';

async function project(t: ExecutionContext) {
	const folder = await temporaryFolder(t);
	await writeFile(path.join(folder, 'lb-local.yaml'), CONFIG);
	return {folder, env: {LB_LOCAL_ENDPOINT: '', NODE_EXTRA_CA_CERTS: ''}};
}

/** A command that asks twice. */
const ASKS_TWICE = 'fetch(process.env.LB_LOCAL_WEB_URL).then(() => fetch(process.env.LB_LOCAL_WEB_URL))';

test('run shows advice at its end, on standard error, with how often it was seen', async t => {
	const {code, stdout, stderr} = await runCli(['run', '--', process.execPath, '-e', ASKS_TWICE], await project(t));

	t.is(code, 0, stderr);
	t.is(stdout, '');
	const [title, cause, fix, rest] = stderr.split('\n');
	t.is(title, 'lb-local: a piece of advice; docs/advice.md explains each');
	t.is(cause, `  advice: web: ${ADVICE}, 2 times`);
	t.regex(fix ?? '', /^ {4}fix: Set Secure on cookies/);
	t.is(rest, '');
	t.false(stderr.includes('secret'));
});

/** Asks the listener twice, whoever signed its certificate. */
async function askTwice(port: number): Promise<void> {
	for (const path of ['/1', '/2']) {
		const request = get({host: '127.0.0.1', port, path, rejectUnauthorized: false, agent: false});
		const [response] = await once(request, 'response');
		response.resume();
		await once(response, 'end');
	}
}

const upSays = test.macro(async (t, quiet: readonly string[], times: number) => {
	const at = await project(t);
	const running = startCli(t, ['up', '--ports', 'free', '--control-port', '0', '--json', ...quiet], at);
	t.is((await runCli(['ready', '--timeout', '2m'], at)).code, 0);
	const status = async () => JSON.parse((await runCli(['status', '--json'], at)).stdout).loadBalancers[0];

	await askTwice((await status()).listeners[0].boundPort);
	await running.shows('stdout', /"target":"\/2"/);
	const [advice] = (await status()).advice;
	await running.end('SIGTERM');

	t.is(advice.count, 2);
	t.is(running.stderr.split(`advice: web: ${ADVICE}\n  fix: Set Secure`).length - 1, times, running.stderr);
});

test('up says advice once, however often it is seen', upSays, [], 1);
test('up --quiet does not say it', upSays, ['--quiet'], 0);
