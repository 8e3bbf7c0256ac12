import {readCertificateName} from '../base/host-name.ts';
import type {NormalisedFake} from '../model/normalised.ts';
import {find, type Place, within} from './place.ts';
import type {Partly} from './read-shape.ts';
import type {BackendTls, FakeBackendCommon} from './spec-backend.ts';
import {validateCertificatePem} from './validate-pem.ts';

/** Validates how a fake back-end speaks TLS. */
export function describeBackendTls(tls: Partly<FakeBackendCommon['tls']>, place: Place): NormalisedFake['tls'] {
	if (tls === undefined || tls === false) return undefined;
	if (tls === 'detect') return tls;
	if (tls === true) return {names: undefined, clientAuth: false, clientCa: undefined, defect: undefined};
	const {clientAuth = false, defect} = tls;
	const names = describeNames(tls.names, within(place, 'names'));
	return {names, clientAuth, clientCa: describeClientCa(tls, place), defect};
}

function describeClientCa({clientAuth = false, clientCa}: Partly<BackendTls>, place: Place): string | undefined {
	if (clientCa === undefined) return undefined;
	validateCertificatePem(clientCa, ['clientCa'], place, 'write the text that is in the file');
	if (/PRIVATE KEY/.test(clientCa)) {
		find(place, ['clientCa'], {message: 'a private key has no place here; write certificates only'});
	}
	if (clientAuth === false) {
		find(place, ['clientCa'], {
			message: 'no client is asked for a certificate',
			hint: 'write clientAuth: true or "require" beside it',
		});
	}
	return clientCa;
}

/** Validates the names that a certificate is to be issued for. @returns them as they stand in it. */
export function describeNames(
	names: readonly (string | undefined)[] | undefined,
	place: Place,
): readonly string[] | undefined {
	if (names === undefined) return undefined;
	if (names.length === 0) find(place, [], {message: 'the list is empty; a certificate needs at least one name'});
	return names.flatMap((name, index) => {
		const read = name === undefined ? undefined : readCertificateName(name);
		if (typeof read === 'object') find(place, [index], read);
		return typeof read === 'string' ? read : [];
	});
}
