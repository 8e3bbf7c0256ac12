import test from 'ava';
import {connectFailure, handshakeCause} from '../../../src/data-plane/failure.ts';

function failure(code: string, message = 'words of the system'): Error & {code: string} {
	return Object.assign(new Error(message), {code});
}

const CONNECT = [
	[failure('ECONNREFUSED'), 'connect-refused', 'words of the system'],
	[failure('EHOSTUNREACH'), 'connect-refused', 'words of the system'],
	[failure('ETIMEDOUT'), 'connect-timeout', 'words of the system'],
	[failure('ECONNRESET'), 'backend-reset', 'the back-end reset the connection at once'],
	[undefined, 'backend-reset', 'the back-end closed the connection at once'],
	[failure('ERR_TLS_CERT_ALTNAME_INVALID', 'another name'), 'backend-tls', 'no TLS with the back-end: another name'],
	[failure('DEPTH_ZERO_SELF_SIGNED_CERT', 'self-signed'), 'backend-tls', 'no TLS with the back-end: self-signed'],
	[failure('UNSPECIFIED', 'key too weak'), 'backend-tls', 'no TLS with the back-end: key too weak'],
	[
		failure(
			'ERR_SSL_WRONG_VERSION_NUMBER',
			'00F1:error:0A00010B:SSL routines:ssl3_get_record:wrong version number:../s.c:1:',
		),
		'backend-tls',
		'no TLS with the back-end: wrong version number',
	],
] as const;

for (const [error, outcome, cause] of CONNECT) {
	test(`a back-end that cannot be reached for ${error?.code ?? 'no reason'} is recorded as ${outcome}`, t => {
		t.deepEqual(connectFailure(error), {outcome, cause});
	});
}

test('the cause of a failed handshake is told in words of the client, and OpenSSL is heard where there are none', t => {
	t.is(handshakeCause(undefined), 'the client left during the handshake');
	t.is(handshakeCause(failure('ECONNRESET')), 'the client reset the connection during the handshake');
	t.is(handshakeCause(failure('ERR_SSL_HTTP_REQUEST')), 'plain HTTP was sent to a TLS port');
	t.is(
		handshakeCause(failure('ERR_SSL_NEW', '00F1:error:0A:SSL routines:f:some new reason:../s.c:1:')),
		'some new reason',
	);
});
const ALERTS = [
	['CERTIFICATE_EXPIRED', 'the client found the certificate expired'],
	['BAD_CERTIFICATE', 'the client refused the certificate'],
	['CERTIFICATE_UNKNOWN', 'the client refused the certificate'],
] as const;

for (const [alert, words] of ALERTS) {
	test(`the alert ${alert} is told in the same words, however OpenSSL names it`, t => {
		// The first is OpenSSL 3.0 (Node 20), the second OpenSSL 3.5 (Node 22 and 24).
		for (const family of ['SSLV3', 'SSL/TLS']) {
			const error = Object.assign(new Error('an alert'), {code: `ERR_SSL_${family}_ALERT_${alert}`});
			t.is(handshakeCause(error), words, family);
		}
	});
}
