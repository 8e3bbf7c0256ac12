import {X509Certificate} from 'node:crypto';
import {readFile, stat} from 'node:fs/promises';
import path from 'node:path';
import test from 'ava';
import {temporaryFolder} from '../../helpers/temporary-folder.ts';
import {runCli} from '../helpers/command-line.ts';

test('a certificate is issued by the local authority into certs/, its key for its owner alone', async t => {
	const folder = await temporaryFolder(t);

	const {code, stdout, stderr} = await runCli(['cert', 'web.test', '*.web.test', '127.0.0.1'], {folder});

	t.is(code, 0, stderr);
	const certificate = new X509Certificate(await readFile(path.join(folder, 'certs/web.test.crt')));
	const authority = new X509Certificate(await readFile(path.join(folder, 'home/authority/authority.pem')));
	t.true(certificate.checkIssued(authority));
	t.is(certificate.subjectAltName, 'DNS:web.test, DNS:*.web.test, IP Address:127.0.0.1');
	t.is((await stat(path.join(folder, 'certs/web.test.key'))).mode & 0o777, 0o600);
	t.regex(stdout, /^certs\/web\.test\.crt {2,}certificate for web\.test, \*\.web\.test, 127\.0\.0\.1$/m);
	t.true(stderr.includes(`SHA-256 ${certificate.fingerprint256}`));
	t.regex(stderr, /^Valid until \d{4}-\d\d-\d\d, 39\d days from now\.$/m);
	t.true(stderr.includes(`curl --cacert '${path.join(folder, 'home/authority/authority.pem')}' …`));
});

test('RSA as PKCS#1 is the form that the cloud takes', async t => {
	const folder = await temporaryFolder(t);

	const {code, stdout} = await runCli(['cert', '--rsa', '--pkcs1', '--out', 'else where', '--json'], {folder});

	t.is(code, 0);
	const written = JSON.parse(stdout);
	t.deepEqual(written.names, ['localhost', '127.0.0.1', '::1']);
	t.is(written.key, path.join('else where', 'localhost.key'));
	t.true((await readFile(path.join(folder, written.key), 'utf8')).startsWith('-----BEGIN RSA PRIVATE KEY-----'));
	t.false(stdout.includes('PRIVATE KEY'));
});

test('an international name is shown as given and as it is in the certificate', async t => {
	const folder = await temporaryFolder(t);

	const {code, stdout, stderr} = await runCli(['cert', 'münchen.test', '*.münchen.test'], {folder});

	t.is(code, 0, stderr);
	t.true(stdout.includes('for münchen.test (xn--mnchen-3ya.test), *.münchen.test (*.xn--mnchen-3ya.test)\n'), stdout);
	const {subjectAltName} = new X509Certificate(await readFile(path.join(folder, 'certs/xn--mnchen-3ya.test.crt')));
	t.is(subjectAltName, 'DNS:xn--mnchen-3ya.test, DNS:*.xn--mnchen-3ya.test');
});

test('all invalid names are reported', async t => {
	const {code, stderr} = await runCli(['cert', 'a b', 'web.test', '*'], {folder: await temporaryFolder(t)});

	t.is(code, 2);
	t.regex(stderr, /names\[0\]/);
	t.regex(stderr, /names\[2\]/);
});

test('when the authority cannot be stored, one for this run is created, with a warning', async t => {
	const folder = await temporaryFolder(t);

	// No folder can be created there, on Linux not even by root.
	const {code, stderr} = await runCli(['cert', 'web.test'], {folder, env: {LB_LOCAL_HOME: '/sys/lb-local'}});

	t.is(code, 0, stderr);
	t.regex(
		stderr,
		/^warning: Cannot store the local authority in .*; a new authority for this run is in .*authority\.pem$/m,
	);
});
