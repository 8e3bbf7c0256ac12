import {mkdir, writeFile} from 'node:fs/promises';
import {get} from 'node:https';
import path from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {proxyEnvironment} from '../../src/emulator/client-environment.ts';
import {type Emulator, startEmulator} from '../../src/index.ts';
import {authority} from '../helpers/emulator-scene.ts';
import {runIn} from '../helpers/programs.ts';
import {temporaryFolder} from '../helpers/temporary-folder.ts';

/** Each client in its own way reaches the real name on the real port, with certificate checking on. */
interface Scene {
	readonly emulator: Emulator;
	readonly url: string;
	readonly folder: string;
	/** As `lb-local env --proxy` sets it; no trust. */
	readonly env: Readonly<Record<string, string>>;
	/** The authority's certificate. */
	readonly ca: string;
}

async function scene(t: ExecutionContext): Promise<Scene> {
	const emulator = await startEmulator({
		authority,
		config: {
			backends: {a: {kind: 'echo'}},
			loadBalancers: {web: {listeners: ['https:443 -> http:80'], backends: ['a']}},
		},
	});
	t.teardown(() => emulator.stop());
	const url = `https://${emulator.get('web').dnsName}/`;
	const env = proxyEnvironment(emulator.proxyUrl, {});
	return {emulator, url, folder: await temporaryFolder(t), env, ca: emulator.ca.file};
}

/** That the load balancer has been asked, under its real name. */
function hasArrived(t: ExecutionContext, {emulator}: Scene, requests = 1): void {
	const {traffic, dnsName} = emulator.get('web');
	t.is(traffic.length, requests);
	t.is(traffic.last().request.headers['host'], dnsName);
	t.is(traffic.last().request.headers['x-forwarded-port'], '443');
}

test('curl, by HTTPS_PROXY', async t => {
	const there = await scene(t);

	const ran = await runIn(t, 'curl', ['--silent', '--show-error', '--cacert', there.ca, there.url], there);
	if (ran === undefined) {
		t.pass();
		return;
	}

	t.is(ran.code, 0, ran.stderr);
	t.is(JSON.parse(ran.stdout).backend, 'a');
	hasArrived(t, there);
	const untrusting = await runIn(t, 'curl', ['--silent', '--cacert', '/dev/null', there.url], there);
	t.not(untrusting?.code, 0);
	const refused = await runIn(t, 'curl', ['--silent', '--verbose', '--cacert', there.ca, 'https://evil.test/'], there);
	t.regex(refused?.stderr ?? '', /HTTP\/1\.1 403 "evil\.test:443" is neither a load balancer's DNS name/);
});

const PYTHON = `
import ssl, sys, urllib.request
context = ssl.create_default_context(cafile=sys.argv[2])
print(urllib.request.urlopen(sys.argv[1], context=context).read().decode())
`;

test('Python, by HTTPS_PROXY', async t => {
	const there = await scene(t);

	const ran = await runIn(t, 'python3', ['-c', PYTHON, there.url, there.ca], there);
	if (ran === undefined) {
		t.pass();
		return;
	}

	t.is(ran.code, 0, ran.stderr);
	t.is(JSON.parse(ran.stdout).backend, 'a');
	hasArrived(t, there);
	const refused = await runIn(t, 'python3', ['-c', PYTHON, 'https://evil.test/', there.ca], there);
	t.regex(
		refused?.stderr ?? '',
		/Tunnel connection failed: 403 "evil\.test:443" is neither a load balancer's DNS name/,
	);
});

const JAVA = `
import java.net.URL;

class Client {
	public static void main(String[] args) throws Exception {
		System.out.print(new String(new URL(args[0]).openStream().readAllBytes()));
	}
}
`;

test('Java, by -Dhttps.proxyHost', async t => {
	const there = await scene(t);
	const {hostname, port} = new URL(there.emulator.proxyUrl);
	const [source, store] = [path.join(there.folder, 'Client.java'), path.join(there.folder, 'trust.p12')];
	await writeFile(source, JAVA);
	const keytool = [
		'-importcert',
		'-noprompt',
		'-alias',
		'a',
		'-file',
		there.ca,
		'-keystore',
		store,
		'-storepass',
		'changeit',
	];
	if ((await runIn(t, 'keytool', keytool, there)) === undefined) {
		t.pass();
		return;
	}
	const trust = [`-Djavax.net.ssl.trustStore=${store}`, '-Djavax.net.ssl.trustStorePassword=changeit'];
	const proxy = [`-Dhttps.proxyHost=${hostname}`, `-Dhttps.proxyPort=${port}`];
	// Quick to start; the test is of the proxy.
	const quick = ['-XX:TieredStopAtLevel=1', '-Xshare:auto'];

	const ran = await runIn(t, 'java', [...quick, ...trust, ...proxy, source, there.url], there);
	if (ran === undefined || /compiler/i.test(ran.stderr)) {
		t.log('no JDK is installed: this part is skipped');
		t.pass();
		return;
	}

	t.is(ran.code, 0, ran.stderr);
	t.is(JSON.parse(ran.stdout).backend, 'a');
	hasArrived(t, there);
});

test('Chromium, by --proxy-server', async t => {
	const there = await scene(t);
	const database = path.join(there.folder, '.pki/nssdb');
	await mkdir(database, {recursive: true});
	const made = await runIn(t, 'certutil', ['-d', `sql:${database}`, '-N', '--empty-password'], there);
	if (made === undefined) {
		t.pass();
		return;
	}
	await runIn(t, 'certutil', ['-d', `sql:${database}`, '-A', '-t', 'C,,', '-n', 'lb-local', '-i', there.ca], there);
	const args = [
		'--headless',
		'--no-sandbox',
		'--disable-gpu',
		'--disable-dev-shm-usage',
		'--disable-background-networking',
		'--no-first-run',
		`--user-data-dir=${path.join(there.folder, 'profile')}`,
		`--proxy-server=${new URL(there.emulator.proxyUrl).host}`,
		'--dump-dom',
		there.url,
	];

	const ran = await runIn(t, 'chromium', args, {...there, env: {HOME: there.folder}});
	if (ran === undefined) {
		t.pass();
		return;
	}

	t.regex(ran.stdout, /"backend":\s*"a"/, ran.stderr);
	const {traffic, dnsName} = there.emulator.get('web');
	t.is([...traffic][0]?.request.headers['host'], dnsName);
});

test('Node, by emulator.agent()', async t => {
	const there = await scene(t);

	const body = await new Promise<string>((resolve, reject) => {
		get(there.url, {agent: there.emulator.agent()}, response => {
			let text = '';
			response.setEncoding('utf8').on('data', (chunk: string) => {
				text += chunk;
			});
			response.on('end', () => resolve(text));
		}).on('error', reject);
	});

	t.is(JSON.parse(body).backend, 'a');
	hasArrived(t, there);
});
