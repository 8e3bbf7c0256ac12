import {X509Certificate} from 'node:crypto';
import {writeFile} from 'node:fs/promises';
import path from 'node:path';
import {connect} from 'node:tls';
import test from 'ava';
import {type LoadBalancer, startLoadBalancer, type TlsDefect} from '../../src/index.ts';
import {runProgram, testWith} from '../helpers/programs.ts';
import {temporaryFolder} from '../helpers/temporary-folder.ts';

interface Seen {
	/** Node's code; OpenSSL has one for each, and Node's names for some depend on its version. */
	readonly node: string | RegExp;
	/** X509_V_ERR_… of OpenSSL, and its words for it. */
	readonly openssl: RegExp;
	/** What the load balancer's record says; undefined: it does not look at that. */
	readonly loadBalancer: RegExp | undefined;
}

const DEFECTS: Readonly<Record<TlsDefect, Seen>> = {
	expired: {
		node: 'CERT_HAS_EXPIRED',
		openssl: /certificate has expired/,
		loadBalancer: /certificate has expired/,
	},
	'not-yet-valid': {
		node: 'CERT_NOT_YET_VALID',
		openssl: /certificate is not yet valid/,
		loadBalancer: /certificate is not yet valid/,
	},
	'wrong-host': {
		node: 'ERR_TLS_CERT_ALTNAME_INVALID',
		openssl: /hostname mismatch/i,
		loadBalancer: undefined,
	},
	'self-signed': {
		node: 'DEPTH_ZERO_SELF_SIGNED_CERT',
		openssl: /self[- ]signed certificate/,
		loadBalancer: /self-signed certificate$/,
	},
	'untrusted-ca': {
		node: 'SELF_SIGNED_CERT_IN_CHAIN',
		openssl: /self[- ]signed certificate in certificate chain/,
		loadBalancer: /self-signed certificate in certificate chain/,
	},
	'weak-key': {
		node: /^(UNSPECIFIED|EE_KEY_TOO_SMALL)$/,
		openssl: /EE certificate key too weak/,
		loadBalancer: /EE certificate key too weak/,
	},
	'incomplete-chain': {
		// The second one where the client trusts authorities of its own beside this one.
		node: /^UNABLE_TO_(VERIFY_LEAF_SIGNATURE|GET_ISSUER_CERT_LOCALLY)$/,
		openssl: /unable to get local issuer certificate/,
		loadBalancer: /unable to verify the first certificate/,
	},
};

const CASES = Object.entries(DEFECTS) as [TlsDefect, Seen][]; // Object.entries() widens the keys.

function startWith(defect: TlsDefect, names?: readonly string[]): Promise<LoadBalancer> {
	return startLoadBalancer({
		listeners: [
			'tcp:443',
			'https:444 -> https:444',
			{listen: 'https:445 -> https', verifyBackend: true},
			{listen: 'ssl:446 -> ssl', verifyBackend: true},
		],
		backends: [{kind: 'echo', tls: {defect, ...(names === undefined ? {} : {names})}}],
	});
}

/** Node's code for what is wrong with the certificate at a port; `accepted` when nothing is. */
function codeAt(port: number, {ca, servername}: {readonly ca: string; readonly servername: string}): Promise<string> {
	return new Promise(resolve => {
		const client = connect({port, host: '127.0.0.1', ca, servername}, () => resolve('accepted'));
		client.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
		client.once('secureConnect', () => client.destroy());
	});
}

for (const [defect, {node, loadBalancer}] of CASES) {
	const expected = typeof node === 'string' ? new RegExp(`^${node}$`) : node;

	test(`${defect}: Node refuses the back-end, directly and through a passthrough listener`, async t => {
		await using lb = await startWith(defect);
		const client = {ca: lb.ca.pem, servername: 'localhost'};

		t.regex(await codeAt(Number(new URL(lb.backend('a').url).port), client), expected);
		t.regex(await codeAt(lb.port(443), client), expected);
	});

	test(`${defect}: with names of its own, too`, async t => {
		await using lb = await startWith(defect, ['shop.test']);

		t.regex(await codeAt(lb.port(443), {ca: lb.ca.pem, servername: 'shop.test'}), expected);
		const {subjectAltName} = new X509Certificate(lb.backend('a').certificate?.pem ?? '');
		t.is(subjectAltName, defect === 'wrong-host' ? 'DNS:wrong-host.invalid' : 'DNS:shop.test');
	});

	test(`${defect}: the load balancer looks at it where it verifies, and only there`, async t => {
		await using lb = await startWith(defect);

		t.is((await lb.fetch('https://localhost:444/')).status, 200);
		t.is((await lb.fetch('https://localhost:445/')).status, loadBalancer === undefined ? 200 : 502);
		const {outcome, cause = ''} = lb.traffic.last();
		if (loadBalancer === undefined) t.is(outcome, 'ok');
		else {
			t.is(outcome, 'backend-tls');
			t.regex(cause, loadBalancer);
		}
	});
}

test('wrong-host: a load balancer that looks for a name does not find it', async t => {
	await using plain = await startWith('wrong-host');
	await using lb = await startLoadBalancer({
		listeners: [{listen: 'https:443 -> https', verifyBackend: {ca: plain.ca.pem, servername: 'shop.test'}}],
		backends: [plain.backend('a').url.replace('https://', '')],
	});

	t.is((await lb.fetch('/')).status, 502);
	t.regex(lb.traffic.last().cause ?? '', /altnames/);
});

testWith('openssl')('openssl sees each defect', async t => {
	const folder = await temporaryFolder(t);
	for (const [defect, {openssl}] of CASES) {
		await using lb = await startWith(defect);
		const ca = path.join(folder, 'ca.pem');
		await writeFile(ca, lb.ca.pem);
		const to = ['-connect', `127.0.0.1:${lb.port(443)}`, '-servername', 'localhost', '-verify_hostname', 'localhost'];

		const ran = await runProgram(t, 'openssl', ['s_client', ...to, '-CAfile', ca, '-verify_return_error']);

		t.regex(`${ran?.stdout}${ran?.stderr}`, openssl, defect);
	}
});

testWith('curl')('curl refuses each defect', async t => {
	const folder = await temporaryFolder(t);
	for (const [defect] of CASES) {
		await using lb = await startWith(defect);
		const ca = path.join(folder, 'ca.pem');
		await writeFile(ca, lb.ca.pem);

		const ran = await runProgram(t, 'curl', ['-sS', '--cacert', ca, `https://localhost:${lb.port(443)}/`]);

		// 60: "Peer certificate cannot be authenticated", curl(1).
		t.is(ran?.code, 60, `${defect}: ${ran?.stderr}`);
	}
});

testWith('python3')('Python refuses each defect', async t => {
	const program = [
		'import json, socket, ssl, sys',
		'wish = json.load(sys.stdin)',
		'context = ssl.create_default_context(cadata=wish["ca"])',
		'wire = socket.create_connection(("127.0.0.1", wish["port"]), timeout=60)',
		'try:',
		'    context.wrap_socket(wire, server_hostname="localhost")',
		'    print("accepted")',
		'except ssl.SSLCertVerificationError as error:',
		'    print(error.verify_message)',
	].join('\n');
	for (const [defect, {openssl}] of CASES) {
		await using lb = await startWith(defect);
		const wish = JSON.stringify({ca: lb.ca.pem, port: lb.port(443)});

		const ran = await runProgram(t, 'python3', ['-c', program], wish);

		t.regex(ran?.stdout ?? '', defect === 'wrong-host' ? /Hostname mismatch/ : openssl, `${defect}: ${ran?.stderr}`);
	}
});
