import {X509Certificate} from 'node:crypto';
import {readdir, readFile, stat} from 'node:fs/promises';
import path from 'node:path';
import {fileURLToPath} from 'node:url';
import test from 'ava';
import {makeCerts} from '../../scripts/make-certs.ts';
import {authorityFrom} from '../../src/certificates/authority.ts';
import {inspectCertificate} from '../../src/certificates/inspect.ts';
import {handshake} from '../helpers/pem-handshake.ts';
import {onPosix} from '../helpers/platforms.ts';
import {temporaryFolder} from '../helpers/temporary-folder.ts';

const CERTS = fileURLToPath(new URL('../../certs', import.meta.url));
const YEAR_MS = 365 * 86_400_000;
const LEAVES = ['web.test', 'rsa.web.test', 'shop.test'] as const;

const read = (file: string) => readFile(path.join(CERTS, file), 'utf8');

test('every certificate in certs/ is valid for more than a year; `npm run certs` issues them again', async t => {
	const files = (await readdir(CERTS)).filter(file => /\.(?:crt|pem)$/.test(file));

	t.deepEqual(files.sort(), ['authority.pem', 'rsa.web.test.crt', 'shop.test.crt', 'web.test.crt']);
	for (const file of files) {
		const {validTo} = new X509Certificate(await read(file));
		t.true(Date.parse(validTo) - Date.now() > YEAR_MS, `${file} ends on ${validTo}: run \`npm run certs\``);
	}
});

for (const name of LEAVES) {
	test(`certs/${name}.crt fits its key and is verified by a client that trusts certs/authority.pem`, async t => {
		const pair = {cert: await read(`${name}.crt`), key: await read(`${name}.key`)};

		const {problems, warnings, facts} = inspectCertificate(pair);

		t.deepEqual(problems, []);
		t.deepEqual(warnings, []);
		t.true(facts?.names.includes(name));
		const ca = await read('authority.pem');
		for (const servername of [name, 'localhost', undefined]) {
			await t.notThrowsAsync(handshake(pair, {ca, ...(servername === undefined ? {} : {servername})}));
		}
	});
}

test('certs/authority.key is the key of certs/authority.pem', async t => {
	const pair = {cert: await read('authority.pem'), key: await read('authority.key')};

	t.notThrows(() => authorityFrom(pair));
});

test('the RSA key has the form that the cloud takes', async t => {
	t.regex(await read('rsa.web.test.key'), /^-----BEGIN RSA PRIVATE KEY-----/);
});

test('the README says until when they are valid, how to issue them again, and who may trust them', async t => {
	const [readme, web] = [await read('README.md'), await read('web.test.crt')];

	t.true(readme.includes(`They expire on ${new Date(new X509Certificate(web).validTo).toISOString().slice(0, 10)}.`));
	t.true(readme.includes('npm run certs'));
	t.true(readme.includes('**Trust them nowhere.**'));
	for (const file of (await readdir(CERTS)).filter(name => name !== 'README.md'))
		t.true(readme.includes(`\`${file}\``), file);
});

onPosix('keys are written for their owner alone, and a second run replaces them all', async t => {
	const directory = await temporaryFolder(t);
	await makeCerts(directory);
	const before = await readFile(path.join(directory, 'authority.pem'), 'utf8');

	await makeCerts(directory);

	const files = await readdir(directory);
	t.deepEqual(files.sort(), (await readdir(CERTS)).sort());
	for (const file of files) {
		const expected = file.endsWith('.key') ? 0o600 : 0o644;
		t.is((await stat(path.join(directory, file))).mode & 0o777, expected, file);
	}
	t.not(await readFile(path.join(directory, 'authority.pem'), 'utf8'), before);
});
