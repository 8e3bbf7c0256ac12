import {once} from 'node:events';
import {mkdir, readFile} from 'node:fs/promises';
import {createServer} from 'node:https';
import type {AddressInfo} from 'node:net';
import path from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {runIn, testWith} from '../../helpers/programs.ts';
import {temporaryFolder} from '../../helpers/temporary-folder.ts';
import {runCli} from '../helpers/command-line.ts';

interface Printed {
	readonly authority: {readonly file: string};
	readonly programs: readonly {readonly name: string; readonly trust: string[]; readonly takeBack: string[]}[];
}

/** What is printed, with an authority whose path needs quotes, and a server that it has signed for. */
async function scene(t: ExecutionContext) {
	const folder = await temporaryFolder(t);
	const env = {LB_LOCAL_HOME: path.join(folder, "it's $HOME"), HOME: folder};
	const {stdout} = await runCli(['trust', '--json'], {folder, env});
	const printed: Printed = JSON.parse(stdout);
	const lines = (name: string) => {
		const {trust = [], takeBack = []} = printed.programs.find(each => each.name === name) ?? {};
		return {trust: trust.join('\n'), takeBack: takeBack.join('\n')};
	};
	const sh = async (script: string) => runIn(t, 'sh', ['-c', script], {folder, env});
	await runCli(['cert', 'localhost'], {folder, env});
	const [cert, key] = await Promise.all(
		['crt', 'key'].map(end => readFile(path.join(folder, `certs/localhost.${end}`))),
	);
	const server = createServer({cert, key}, (_, response) => response.end('trusted')).listen(0, '127.0.0.1');
	await once(server, 'listening');
	t.teardown(() => {
		server.closeAllConnections();
		server.close();
	});
	// A TCP server's address is an object.
	return {folder, env, printed, lines, sh, url: `https://localhost:${(server.address() as AddressInfo).port}/`};
}

const CLIENTS = {
	curl: (url: string) => `curl --silent --fail --noproxy '*' ${url}`,
	node: (url: string) => `node -e "fetch('${url}').then(async a => console.log(await a.text()))"`,
	python: (url: string) =>
		`python3 -c "import urllib.request; print(urllib.request.urlopen('${url}').read().decode())"`,
};
for (const [name, client] of Object.entries(CLIENTS)) {
	testWith(name === 'python' ? 'python3' : name)(
		`${name} trusts by the lines, and no more once they are taken back`,
		async t => {
			const {lines, sh, url} = await scene(t);
			const {trust, takeBack} = lines(name);

			const ran = await sh(`${trust}\n${client(url)}`);

			t.regex(String(ran?.stdout), /trusted/, String(ran?.stderr));
			const after = await sh(`${trust}\n${takeBack}\n${client(url)}`);
			t.not(after?.code, 0);
		},
	);
}

testWith('certutil')('Chromium and Firefox get the authority and lose it again', async t => {
	const {folder, lines, sh} = await scene(t);
	const profile = path.join(folder, '.mozilla/firefox/x.default');
	await mkdir(profile, {recursive: true});
	await sh(`certutil -d "sql:${profile}" -N --empty-password`);
	for (const [name, database] of [
		['chromium', path.join(folder, '.pki/nssdb')],
		['firefox', profile],
	] as const) {
		const list = `certutil -d "sql:${database}" -L`;
		const ran = await sh(`${lines(name).trust}\n${list}`);
		t.regex(String(ran?.stdout), /lb-local-\w{12} +C,,/, String(ran?.stderr));
		const after = await sh(`${lines(name).takeBack}\n${list}`);
		t.notRegex(String(after?.stdout), /lb-local/);
	}
});

testWith('keytool')('keytool takes the lines for Java, here for a store of its own', async t => {
	const {lines, sh} = await scene(t);
	const {trust, takeBack} = lines('java');
	const own = (text: string) => text.replace('-cacerts', '-keystore own.p12');

	const ran = await sh(`${own(trust)} && keytool -list -keystore own.p12 -storepass changeit`);
	t.regex(String(ran?.stdout), /lb-local-\w{12}/, String(ran?.stderr));
	const after = await sh(`${own(takeBack)} && keytool -list -keystore own.p12 -storepass changeit`);
	t.notRegex(String(after?.stdout), /lb-local-/);
});

test('names choose, and what is not known is told with what is', async t => {
	const folder = await temporaryFolder(t);

	const {stdout, code} = await runCli(['trust', 'debian', 'git'], {folder});
	const wrong = await runCli(['trust', 'debain'], {folder});

	t.is(code, 0);
	t.regex(
		stdout,
		/^debian: .*\n {2}sudo install -m 644 .*\n {2}sudo update-ca-certificates\nto take it back:\n {2}sudo rm /,
	);
	t.regex(stdout, /\n\ngit: git; .*\n {2}export GIT_SSL_CAINFO=.*\nto take it back:\n {2}unset GIT_SSL_CAINFO\n$/);
	t.is(wrong.code, 2);
	t.regex(wrong.stderr, /"debain" is not known here; allowed are "chromium".*did you mean "debian"\?/s);
});
