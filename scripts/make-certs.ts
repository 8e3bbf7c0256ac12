// `npm run certs`: makes certs/ again, the authority and all leaves, and the README that says what they are.
import {mkdir} from 'node:fs/promises';
import path from 'node:path';
import {fileURLToPath} from 'node:url';
import {PRIVATE, PUBLIC, writeAtomically} from '../src/certificates/atomic-file.ts';
import {createAuthority, type IssueOptions} from '../src/certificates/authority.ts';
import {writePair} from '../src/certificates/write-pair.ts';

const LOOPBACK = ['localhost', '127.0.0.1', '::1'];
const LEAVES: readonly (Pick<IssueOptions, 'names' | 'key' | 'pkcs1'> & {
	readonly file: string;
	readonly is: string;
})[] = [
	{file: 'web.test', names: ['web.test', '*.web.test', ...LOOPBACK], is: 'of a load balancer: EC P-256, PKCS#8'},
	{
		file: 'rsa.web.test',
		names: ['rsa.web.test', ...LOOPBACK],
		key: 'rsa',
		pkcs1: true,
		is: 'of a load balancer, in the form the cloud takes: RSA-2048, PKCS#1',
	},
	{file: 'shop.test', names: ['shop.test', ...LOOPBACK], is: 'of a back-end, for passthrough: EC P-256, PKCS#8'},
];
const YEARS = 10;

/** Writes the project's test authority, its leaves and their README into a directory. Keys are written 0600. */
export async function makeCerts(directory: string, now = new Date()): Promise<void> {
	// As long as the authority lives: these are committed, and a test asks for new ones a year before they end.
	const notAfter = new Date(now);
	notAfter.setUTCFullYear(now.getUTCFullYear() + YEARS);
	const authority = createAuthority({now, notAfter});

	await mkdir(directory, {recursive: true});
	await writeAtomically(path.join(directory, 'authority.key'), authority.keyPem, PRIVATE);
	await writeAtomically(path.join(directory, 'authority.pem'), authority.pem, PUBLIC);
	for (const {file, names, key, pkcs1} of LEAVES) {
		await writePair(directory, file, authority.issue({names, key, pkcs1, now, notAfter}));
	}
	await writeAtomically(path.join(directory, 'README.md'), readme(notAfter), PUBLIC);
}

function readme(notAfter: Date): string {
	const rows = LEAVES.map(
		({file, names, is}) =>
			`| \`${file}.crt\`, \`${file}.key\` | ${is} | ${names.map(name => `\`${name}\``).join(', ')} |`,
	);
	return `# Test certificates

**Trust them nowhere.** The private keys are public: they are in this repository, the authority's included, so anybody
can sign anything with it. They are for this project's own tests and for nobody else. Do not add \`authority.pem\` to the
trust store of a system, a browser or a language. For a certificate of your own use \`lb-local cert\`: it issues from an
authority that is made on your machine and stays there.

| file | what it is | names |
|---|---|---|
| \`authority.pem\`, \`authority.key\` | the authority that signed all the others, EC P-256 | none |
${rows.join('\n')}

They expire on ${notAfter.toISOString().slice(0, 10)}. A test fails while there is still a year left. One command makes all of them again, and this
file:

\`\`\`sh
npm run certs
\`\`\`
`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
	const directory = fileURLToPath(new URL('../certs', import.meta.url));
	await makeCerts(directory);
	console.log(`Made ${directory} again.`);
}
