import test from 'ava';
import {readCertificateReference} from '../../src/control-plane/certificate-reference.ts';

const PLACE = {accountId: '123456789012', path: '/team/web/', name: 'site'};

for (const prefix of ['orn:ows:idauth', 'arn:aws:iam']) {
	test(`${prefix} says account, path and name`, t => {
		const text = `${prefix}::123456789012:server-certificate/team/web/site`;

		t.deepEqual(readCertificateReference(text), {text, place: PLACE});
		t.deepEqual(readCertificateReference(text.replace('/team/web/', '/'))?.place, {...PLACE, path: '/'});
	});
}

for (const text of [
	'',
	'site',
	'ASCAEXAMPLE',
	'orn:ows:idauth::12345678901:server-certificate/site',
	'arn:aws:iam::123456789012:server-certificate',
	'arn:aws:acm:eu-west-2:123456789012:certificate/0b3f',
	' arn:aws:iam::123456789012:server-certificate/site',
]) {
	test(`"${text}" is no place of a certificate, and is kept for the refusal`, t => {
		t.deepEqual(readCertificateReference(text), {text, place: undefined});
	});
}

test('what was not given is nothing', t => {
	t.is(readCertificateReference(undefined), undefined);
});
