import test from 'ava';
import {Refusal} from '../../src/model/refusal.ts';
import {
	type AskedCertificate,
	certificateAt,
	deleteCertificate,
	renameCertificate,
	type UploadCertificate,
	uploadCertificate,
} from '../../src/operations/certificates.ts';
import {Identifiers} from '../../src/operations/identifiers.ts';
import {accountListener, accountLoadBalancer, accountWith, CONTEXT} from '../helpers/accounts.ts';
import {pem} from '../helpers/project-certs.ts';

const UPLOAD: UploadCertificate = {
	name: 'site',
	path: '/team/',
	body: pem('web.test.crt'),
	key: pem('web.test.key'),
	chain: undefined,
	tags: new Map(),
	partNames: {cert: 'CertificateBody', key: 'PrivateKey', chain: 'CertificateChain'},
	ignoresCase: false,
	insistsOnChain: false,
};

const ACCOUNT = accountWith([]);

function upload(more: Partial<UploadCertificate> = {}, account = ACCOUNT) {
	return uploadCertificate({...UPLOAD, ...more})(account, CONTEXT);
}

test('a certificate keeps its texts as they came, and its tags', t => {
	const body = `\n${UPLOAD.body}\r\n`;
	const {result} = upload({body, chain: ` ${UPLOAD.body}`, tags: new Map([['env', 'test']])});

	t.is(result.body, body);
	t.is(result.chain, ` ${UPLOAD.body}`);
	t.deepEqual([...result.tags], [['env', 'test']]);
});

test('a part that cannot be read is called what the API calls it', t => {
	t.throws(() => upload({body: 'nothing'}), {code: 'CERTIFICATE_UNREADABLE', message: /^CertificateBody /});
	t.throws(() => upload({chain: 'nothing'}), {code: 'CERTIFICATE_UNREADABLE', message: /^CertificateChain /});
	t.throws(() => upload({key: 'nothing'}), {code: 'CERTIFICATE_UNREADABLE', message: /^PrivateKey /});
});

test('a key of another certificate has a code of its own', t => {
	t.throws(() => upload({key: pem('shop.test.key')}), {code: 'KEY_PAIR_MISMATCH', message: /^PrivateKey /});
});

test('a path has a code of its own', t => {
	for (const path of ['', 'team', '/team', 'team/', '/a b/', `/${'x'.repeat(511)}/`]) {
		t.throws(() => upload({path}), {code: 'BAD_CERTIFICATE_PATH'}, path);
	}
	t.throws(() => upload({name: 'a b'}), {code: 'BAD_CERTIFICATE_NAME'});
});

test('a name that differs in case alone is taken where the API says so', t => {
	const {account} = upload();

	t.is(upload({name: 'Site'}, account).result.name, 'Site');
	t.throws(() => upload({name: 'Site', ignoresCase: true}, account), {code: 'CERTIFICATE_NAME_TAKEN'});
	const both = upload({name: 'other'}, account).account;
	const rename = (newName: string) =>
		renameCertificate({name: 'site', newName, newPath: undefined, ignoresCase: true})(both, CONTEXT);
	t.is(rename('SITE').result.name, 'SITE', 'its own name may change its case');
	t.throws(() => rename('OTHER'), {code: 'CERTIFICATE_NAME_TAKEN'});
});

test('a certificate is found by account, path and name together', t => {
	const {account, result} = upload();
	const asked = (more: object): AskedCertificate => ({
		text: 'as given',
		place: {accountId: CONTEXT.identifiers.accountId, path: '/team/', name: 'site', ...more},
	});
	const find = (given: AskedCertificate) => certificateAt(account, given, CONTEXT.identifiers);

	t.is(find(asked({})), result);
	for (const wrong of [{accountId: '000000000000'}, {path: '/'}, {name: 'Site'}]) {
		t.throws(() => find(asked(wrong)), {
			code: 'CERTIFICATE_NOT_FOUND',
			message: 'no server certificate has the ORN "as given"',
		});
	}
	t.throws(() => find({text: result.id, place: undefined}), {
		message: /; this is the Id of a certificate, and its ORN is orn:ows:idauth::\d{12}:server-certificate\/team\/site$/,
	});
});

test('a certificate in use says which it is, and who uses it', t => {
	const {account, result} = upload();
	const listeners = [accountListener(443, {protocol: 'https', certificateId: result.id})];
	const used = accountWith([accountLoadBalancer({name: 'front', listeners})], {certificates: account.certificates});

	const refusal = t.throws(() => deleteCertificate({name: 'site'})(used, CONTEXT), {instanceOf: Refusal});
	t.like(refusal, {
		code: 'CERTIFICATE_IN_USE',
		subject: CONTEXT.identifiers.iamCertificateId(result),
		of: CONTEXT.identifiers.loadBalancerArn('front'),
	});
});

test('identifiers of AWS follow from those of OUTSCALE', t => {
	const ids = new Identifiers({seed: 1, region: 'eu-west-2', accountId: '123456789012'});

	t.is(ids.certificateArn({path: '/team/', name: 'site'}), 'arn:aws:iam::123456789012:server-certificate/team/site');
	t.is(ids.loadBalancerArn('web'), 'arn:aws:elasticloadbalancing:eu-west-2:123456789012:loadbalancer/web');
	t.regex(ids.iamCertificateId({id: ids.certificateId(0)}), /^ASCA[A-Z0-9]{17}$/);
	t.not(ids.iamCertificateId({id: ids.certificateId(0)}), ids.iamCertificateId({id: ids.certificateId(1)}));
});
