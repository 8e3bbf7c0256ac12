import test from 'ava';
import {InMemoryAwsApi, type Parameters} from '../../helpers/in-memory-aws.ts';
import {pem} from '../../helpers/project-certs.ts';

const BODY = pem('web.test.crt');
const KEY = pem('web.test.key');

function upload(name: string, more: Parameters = {}): Parameters {
	return {ServerCertificateName: name, CertificateBody: BODY, PrivateKey: KEY, ...more};
}

/** What is between two lines of a PEM text. */
function contentOf(text: string): string {
	return text.split('\n')[1] ?? '';
}

test('body and chain come back as they were sent, and the key never does', async t => {
	const api = new InMemoryAwsApi();
	const body = `# leaf + "more" <&>\r\n${BODY.replaceAll('\n', '\r\n')}\r\n`;
	const chain = `\n${pem('authority.pem')}`;

	const {answer: uploaded} = await api.call(
		'UploadServerCertificate',
		upload('site', {CertificateBody: body, CertificateChain: chain}),
	);
	const {answer} = await api.call('GetServerCertificate', {ServerCertificateName: 'site'});
	const {ServerCertificate: found} = await api.ok('GetServerCertificate', {ServerCertificateName: 'site'});

	t.is(found.CertificateBody, body);
	t.is(found.CertificateChain, chain);
	for (const text of [uploaded.body, answer.body]) t.false(text.includes(contentOf(KEY)));
});

test('what is wrong is told without the key', async t => {
	const api = new InMemoryAwsApi();
	const long = contentOf(KEY).repeat(400);

	const {answer, call} = await api.call('UploadServerCertificate', upload('site', {PrivateKey: long}));
	const swapped = await api.call('UploadServerCertificate', {
		ServerCertificateName: KEY,
		CertificateBody: KEY.repeat(100),
		PrivateKey: BODY,
		Path: KEY,
	});

	t.regex(answer.body, /Value '\*\*\*\*' at 'privateKey' failed to satisfy constraint: Member must have length less/);
	for (const text of [answer.body, JSON.stringify(call), swapped.answer.body, JSON.stringify(swapped.call)]) {
		t.false(text.includes(contentOf(KEY)));
	}
});

for (const [what, parameters, path] of [
	['body', {CertificateBody: 'x'.repeat(16_385)}, 'certificateBody'],
	['chain', {CertificateChain: 'x'.repeat(2 * 1024 * 1024 + 1)}, 'certificateChain'],
	['path', {Path: `/${'x'.repeat(511)}/`}, 'path'],
] as const) {
	test(`a ${what} that is too long is refused, and the value shortened`, async t => {
		const api = new InMemoryAwsApi();

		const refusal = await api.refusal('UploadServerCertificate', upload('site', parameters));

		t.true(refusal.startsWith("400 ValidationError: 1 validation error detected: Value '"));
		t.true(
			refusal.includes(`at '${path}' failed to satisfy constraint: Member must have length less than or equal to `),
		);
		t.true(refusal.length < 500);
	});
}

test('fifty tags are taken, and not one more', async t => {
	const api = new InMemoryAwsApi();
	const tags = (count: number) =>
		Object.fromEntries(Array.from({length: count}, (_, index) => [`Tags.member.${index + 1}.Key`, `k${index}`]));

	t.regex(await api.refusal('UploadServerCertificate', upload('site', tags(51))), /at 'tags' failed to satisfy/);
	const {Tags: shown} = await api.ok('UploadServerCertificate', upload('site', tags(50)));
	t.is(shown.length, 50);
	t.deepEqual(shown[49], {Key: 'k49', Value: ''});
});

test('keys are RSA in PKCS#1 only where the configuration is strict', async t => {
	const api = new InMemoryAwsApi({strict: true});
	const rsa = {CertificateBody: pem('rsa.web.test.crt'), PrivateKey: pem('rsa.web.test.key')};

	t.regex(await api.refusal('UploadServerCertificate', upload('site')), /^400 MalformedCertificate: PrivateKey is/);
	await t.notThrowsAsync(api.ok('UploadServerCertificate', upload('site', rsa)));
});

test('pages hold whatever is uploaded and deleted between them', async t => {
	const api = new InMemoryAwsApi();
	for (const name of ['b', 'd', 'f']) await api.ok('UploadServerCertificate', upload(name));
	const page = (more: Parameters = {}) => api.ok('ListServerCertificates', {MaxItems: 1, ...more});
	const nameOf = (answer: {
		readonly ServerCertificateMetadataList: readonly {readonly ServerCertificateName: string}[];
	}) => answer.ServerCertificateMetadataList[0]?.ServerCertificateName;

	const first = await page();
	await api.call('DeleteServerCertificate', {ServerCertificateName: 'b'});
	await api.ok('UploadServerCertificate', upload('a'));
	const second = await page({Marker: first.Marker});
	await api.ok('UploadServerCertificate', upload('e'));
	const third = await page({Marker: second.Marker});
	const last = await page({Marker: third.Marker});

	t.deepEqual([first, second, third, last].map(nameOf), ['b', 'd', 'e', 'f']);
	t.deepEqual(
		[first, second, third, last].map(each => each.IsTruncated),
		['true', 'true', 'true', 'false'],
	);
	t.is(last.Marker, undefined);
	for (const marker of ['YWZ0ZXIg', Buffer.from('after a/b').toString('base64url'), 'x'.repeat(1000), '%00']) {
		t.regex(await api.refusal('ListServerCertificates', {Marker: marker}), /^400 ValidationError: Marker: /);
	}
});

test('the OUTSCALE API reads what IAM uploads, and the other way round', async t => {
	const api = new InMemoryAwsApi();
	const json = api.outscale;
	await api.ok('UploadServerCertificate', upload('site', {Path: '/team/'}));
	await json.ok('CreateServerCertificate', {Name: 'other', Body: BODY, PrivateKey: KEY});

	const {ServerCertificates: read} = await json.ok('ReadServerCertificates');
	const {ServerCertificateMetadataList: listed} = await api.ok('ListServerCertificates');

	t.deepEqual(
		read.map(({Orn, Name, Path}: Record<string, string>) => [Orn, Name, Path]).sort(),
		listed.map(({Arn, ServerCertificateName: name, Path}: Record<string, string>) => [Arn, name, Path]).sort(),
	);
	const {ServerCertificate: other} = await api.ok('GetServerCertificate', {ServerCertificateName: 'other'});
	t.is(other.CertificateBody, BODY);
	t.is(other.CertificateChain, undefined);
	await api.call('UpdateServerCertificate', {
		ServerCertificateName: 'site',
		NewServerCertificateName: 'moved',
		NewPath: '/',
	});
	t.true(JSON.stringify(await json.ok('ReadServerCertificates')).includes(':server-certificate/moved"'));
	await api.call('DeleteServerCertificate', {ServerCertificateName: 'other'});
	t.is((await json.ok('ReadServerCertificates'))['ServerCertificates'].length, 1);
});
