import {createPrivateKey} from 'node:crypto';
import {mkdir, rename, rm, writeFile} from 'node:fs/promises';
import path from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {
	createAuthority,
	type EmulatorError,
	type IssueOptions,
	startEmulator,
	startLoadBalancer,
} from '../../src/index.ts';
import {runCli} from '../cli/helpers/command-line.ts';
import {sample, sampleChain} from '../helpers/pem-samples.ts';
import {runProgram, testWith} from '../helpers/programs.ts';
import {temporaryFolder} from '../helpers/temporary-folder.ts';

// Each hint is given, carried out, and then the certificate serves. Commands are run as they are printed; what they ask
// for, the passphrase, stands behind them. Not here: "Give a PEM certificate and the unencrypted PEM key", which no
// public surface leads to, since the certificates of fake back-ends are issued.

type Texts = Readonly<Record<string, string | Uint8Array>>;

/** The hints on a certificate that stands in these files; none when it serves. */
async function hintsOf(t: ExecutionContext, files: Texts): Promise<(string | undefined)[]> {
	const folder = await temporaryFolder(t);
	return hintsAt(
		Object.fromEntries(
			await Promise.all(
				Object.entries(files).map(async ([part, text]) => [part, await written(path.join(folder, part), text)]),
			),
		),
	);
}

async function hintsAt(own: Readonly<Record<string, string>>): Promise<(string | undefined)[]> {
	const web = {listeners: [{listen: 'https:443 -> http:80', certificate: 'own'}]};
	try {
		const emulator = await startEmulator({config: {certificates: {own}, loadBalancers: {web}} as never});
		await emulator.stop();
		return [];
	} catch (error) {
		// Whatever else it throws fails the comparison.
		return hintsIn(error as EmulatorError);
	}
}

const hintsIn = (error: EmulatorError | undefined) => error?.violations.map(({hint}) => hint) ?? [];

async function written(file: string, text: string | Uint8Array): Promise<string> {
	await writeFile(file, text, {mode: 0o600});
	return file;
}

const authority = createAuthority();
const issue = (options: Partial<IssueOptions> = {}) => {
	const {cert, key} = authority.issue({names: ['own.test'], ...options});
	return {cert, key};
};
const own = issue();
const other = issue();
const {leaf, lower, upper} = sampleChain();
const selfSigned = sample({name: 'self.test', dns: ['self.test']});
const selfSignedAgain = sample({name: 'self.test', dns: ['self.test']});
const again = sample({name: 'lower', ca: true, issuer: upper});
const bare = (text: string) => text.replaceAll(/-----.*-----\n/g, '');
const between = (label: string, base64: string) => `-----BEGIN ${label}-----\n${base64}-----END ${label}-----\n`;

const worksOn = test.macro({
	async exec(t, wrong: Texts, hints: string | readonly string[], right: Texts) {
		t.deepEqual(await hintsOf(t, wrong), [hints].flat());
		t.deepEqual(await hintsOf(t, right), []);
	},
	title: (what = '') => `the hint on ${what} works`,
});
const swapped = {cert: own.key, key: own.cert};
test('a certificate and a key that are swapped', worksOn, swapped, ['Swap them.', 'Swap them.'], own);
test(
	'a key beside the certificate',
	worksOn,
	{cert: own.cert + own.key, key: own.key},
	'Move the key to `key`: a certificate is shown to everybody.',
	own,
);
test(
	'a key in the chain',
	worksOn,
	{...leafPair(), chain: lower.cert + leaf.key},
	'Move the key to `key`: a certificate is shown to everybody.',
	{...leafPair(), chain: lower.cert},
);
test('two keys', worksOn, {...own, key: own.key + other.key}, 'Keep the one of the certificate.', own);
test(
	'a chain in place of the certificate',
	worksOn,
	{cert: lower.cert, key: leaf.key, chain: leaf.cert},
	'Put the certificate of the key in `cert`, and those of its issuers in `chain`.',
	{...leafPair(), chain: lower.cert},
);
test(
	'an old self-signed certificate',
	worksOn,
	{cert: selfSigned.cert, key: selfSignedAgain.key},
	'Both change together when a self-signed certificate is made again.',
	{cert: selfSignedAgain.cert, key: selfSignedAgain.key},
);
test(
	'an authority made again',
	worksOn,
	{...leafPair(), chain: again.cert},
	'It may be an authority that was made again under the same name.',
	{...leafPair(), chain: lower.cert},
);
test(
	'"\\n" as two characters',
	worksOn,
	{cert: own.cert.replaceAll('\n', '\\n'), key: own.key},
	'Put real line ends in their place.',
	{cert: own.cert.replaceAll('\n', '\\n').replaceAll('\\n', '\n'), key: own.key},
);
test(
	'half a certificate',
	worksOn,
	{cert: own.cert.slice(0, 200), key: own.key},
	'Copy the block again, from its BEGIN line to its END line.',
	own,
);
for (const [label, pair] of Object.entries({
	'PRIVATE KEY': own,
	'RSA PRIVATE KEY': issue({key: 'rsa', pkcs1: true}),
})) {
	test(
		`base64 alone, the key that of ${label},`,
		worksOn,
		{cert: bare(pair.cert), key: bare(pair.key)},
		[
			'Put a BEGIN line before it and an END line after it, with the label "CERTIFICATE" and five hyphens at both ends.',
			`Put a BEGIN line before it and an END line after it, with the label "${label}" and five hyphens at both ends.`,
		],
		{cert: between('CERTIFICATE', bare(pair.cert)), key: between(label, bare(pair.key))},
	);
}

function leafPair() {
	return {cert: leaf.cert, key: leaf.key};
}

const PASSPHRASE = 'secret';

interface Scene {
	readonly run: (...command: string[]) => ReturnType<typeof runProgram>;
	/** The path that stands in the place of FILE. */
	readonly base: string;
}

/** Files that need a program: its printed command, with a path in the place of FILE, makes those that serve. */
const worksByCommand = test.macro({
	async exec(
		t,
		prepare: (scene: Scene) => Promise<Readonly<Record<string, string>>>,
		hints: readonly string[],
		right: (base: string) => Readonly<Record<string, string>>,
	) {
		const base = path.join(await temporaryFolder(t), 'FILE');
		const run = ([program = '', ...args]: string[]) => runProgram(t, program, args);
		await written(`${base}.crt`, own.cert);
		await written(`${base}.key`, own.key);
		const wrong = await prepare({run: (...command) => run(command), base});
		t.deepEqual(await hintsAt(wrong), hints);
		for (const hint of hints) {
			const [command = ''] = hint.split(' (');
			const words = command.split(' ').map(word => (word === '""' ? '' : word.replace(/\bFILE\b/, base)));
			const asked = words[0] === 'openssl' && words[1] !== 'x509' ? ['-passin', `pass:${PASSPHRASE}`] : [];
			const plain = words.map(word => (word === 'PLAIN.key' ? `${path.dirname(base)}/PLAIN.key` : word));
			const ran = await run([...plain, ...asked]);
			t.is(ran?.code, 0, ran?.stderr);
		}
		t.deepEqual(await hintsAt(right(base)), []);
	},
	title: (what = '') => `the command in the hint on ${what} works`,
});
const withOpenssl = testWith('openssl');
const inPlace = (base: string) => ({cert: `${base}.crt`, key: `${base}.key`});

withOpenssl(
	'a certificate in DER',
	worksByCommand,
	async ({run, base}) => {
		await run('openssl', 'x509', '-in', `${base}.crt`, '-outform', 'der', '-out', `${base}.der`);
		await rm(`${base}.crt`);
		return {cert: `${base}.der`, key: `${base}.key`};
	},
	['openssl x509 -inform der -in FILE.der -out FILE.crt'],
	inPlace,
);
withOpenssl(
	'a key in DER',
	worksByCommand,
	async ({base}) => {
		await written(`${base}.der`, createPrivateKey(own.key).export({format: 'der', type: 'pkcs8'}));
		await rm(`${base}.key`);
		return {cert: `${base}.crt`, key: `${base}.der`};
	},
	['openssl pkey -inform der -in FILE.der -out FILE.key'],
	inPlace,
);
withOpenssl(
	'PKCS#12',
	worksByCommand,
	async ({run, base}) => {
		const given = ['-in', `${base}.crt`, '-inkey', `${base}.key`, '-passout', `pass:${PASSPHRASE}`];
		await run('openssl', 'pkcs12', '-export', ...given, '-out', `${base}.p12`);
		for (const part of ['crt', 'key']) await rm(`${base}.${part}`);
		return {cert: `${base}.p12`, key: `${base}.p12`};
	},
	['openssl pkcs12 -in FILE.p12 -nokeys -out FILE.crt', 'openssl pkcs12 -in FILE.p12 -nocerts -nodes -out FILE.key'],
	inPlace,
);
withOpenssl(
	'a trusted certificate',
	worksByCommand,
	async ({run, base}) => {
		await run('openssl', 'x509', '-in', `${base}.crt`, '-trustout', '-out', `${base}.pem`);
		await rm(`${base}.crt`);
		return {cert: `${base}.pem`, key: `${base}.key`};
	},
	['openssl x509 -in FILE.pem -out FILE.crt'],
	inPlace,
);
withOpenssl(
	'an encrypted key',
	worksByCommand,
	async ({base}) => {
		const how = {format: 'pem', type: 'pkcs8', cipher: 'aes-256-cbc', passphrase: PASSPHRASE} as const;
		await written(`${base}.key`, createPrivateKey(own.key).export(how));
		return inPlace(base);
	},
	['openssl pkey -in FILE.key -out PLAIN.key'],
	base => ({cert: `${base}.crt`, key: `${path.dirname(base)}/PLAIN.key`}),
);
testWith('ssh-keygen')(
	"a key in OpenSSH's form",
	worksByCommand,
	async ({run, base}) => {
		await written(base, own.key);
		await run('ssh-keygen', '-p', '-N', '', '-f', base);
		return {cert: `${base}.crt`, key: base};
	},
	['ssh-keygen -p -N "" -m PKCS8 -f FILE (it rewrites the file; older releases leave an Ed25519 key as it was)'],
	base => ({cert: `${base}.crt`, key: base}),
);

withOpenssl('the hint on a signing request works', async t => {
	const file = (name: string) => path.join(folder, name);
	const folder = await temporaryFolder(t);
	await written(file('own.key'), own.key);
	await written(file('root.crt'), lower.cert);
	await written(file('root.key'), lower.key);
	const request = ['req', '-new', '-key', file('own.key'), '-subj', '/CN=own.test', '-out', file('own.csr')];
	await runProgram(t, 'openssl', request);
	t.deepEqual(await hintsAt({cert: file('own.csr'), key: file('own.key')}), [
		'An authority makes the certificate out of it.',
	]);
	const signer = ['-CA', file('root.crt'), '-CAkey', file('root.key'), '-set_serial', '1', '-days', '2'];
	await runProgram(t, 'openssl', ['x509', '-req', '-in', file('own.csr'), ...signer, '-out', file('own.crt')]);
	t.deepEqual(await hintsAt({cert: file('own.crt'), key: file('own.key')}), []);
});

test('the hint on bytes instead of text works', async t => {
	const {cert, key} = own;
	const start = (bytes: unknown) =>
		startLoadBalancer({listeners: [{listen: 'https:443', certificate: {cert: bytes as string, key}}]});

	const error = await t.throwsAsync<EmulatorError>(start(Buffer.from(cert)));
	t.deepEqual(hintsIn(error), ['read the file as text: readFile(file, "utf8")']);
	await (await start(Buffer.from(cert).toString('utf8'))).stop();
});

const wrongKey = {names: ['a.test'], key: 'rsaa' as 'rsa'};
test('the hint on a kind of key works', t => {
	const error = t.throws<EmulatorError>(() => authority.issue(wrongKey));
	t.deepEqual(hintsIn(error), ['did you mean "rsa"?']);
	t.is(authority.issue({...wrongKey, key: 'rsa'}).names[0], 'a.test');
});

const folderOf = (folder: string) => path.join(folder, 'home', 'authority');

test('both hints on an incomplete authority work', async t => {
	const folder = await temporaryFolder(t);
	const cert = () => runCli(['cert', 'web.test'], {folder});
	t.is((await cert()).code, 0);
	const kept = path.join(folder, 'kept.key');
	const key = path.join(folderOf(folder), 'authority.key');
	await rename(key, kept);

	const {code, stderr} = await cert();
	t.not(code, 0);
	const hint = `Restore it, or remove ${folderOf(folder)} so that a new one is made; whoever trusted the old one must then trust the new one.`;
	t.true(stderr.includes(`hint: ${hint}\n`), stderr);
	await rename(kept, key);
	t.is((await cert()).code, 0);

	await rm(key);
	t.not((await cert()).code, 0);
	await rm(folderOf(folder), {recursive: true});
	t.is((await cert()).code, 0);
});

test('the hint on an authority that cannot be read works', async t => {
	const folder = await temporaryFolder(t);
	await mkdir(path.join(folderOf(folder), 'authority.key'), {recursive: true});

	const {code, stderr} = await runCli(['cert', 'web.test'], {folder});
	t.not(code, 0);
	t.true(stderr.includes('hint: Allow your user to read it, or set LB_LOCAL_HOME to another directory.\n'), stderr);
	const env = {LB_LOCAL_HOME: path.join(folder, 'another')};
	t.is((await runCli(['cert', 'web.test'], {folder, env})).code, 0);
});

test('the hint on a folder where no certificate can be written works', async t => {
	const folder = await temporaryFolder(t);
	await writeFile(path.join(folder, 'file'), '');

	const {code, stderr} = await runCli(['cert', 'web.test', '--out', 'file'], {folder});
	t.not(code, 0);
	t.true(stderr.includes('hint: Choose a directory that you may write to.\n'), stderr);
	t.is((await runCli(['cert', 'web.test', '--out', 'folder'], {folder})).code, 0);
});
