import {
	deleteCertificate,
	renameCertificate,
	type UploadCertificate,
	uploadCertificate,
} from '../../operations/certificates.ts';
import {type Action, mutation, query} from './action.ts';
import {encodeCertificate} from './encode.ts';
import type {Fields} from './fields.ts';
import {nonEmpty} from './load-balancer-actions.ts';

/** OUTSCALE API 1.40: server certificates. */
export const CERTIFICATE_ACTIONS: readonly (readonly [string, Action])[] = [
	[
		'CreateServerCertificate',
		mutation(readUpload, uploadCertificate, (certificate, executor) => ({
			ServerCertificate: encodeCertificate(certificate, executor),
		})),
	],
	[
		'ReadServerCertificates',
		query(readPaths, (paths, executor) => ({
			ServerCertificates: [...executor.account.certificates.values()]
				.filter(({path}) => paths === undefined || paths.includes(path))
				.map(certificate => encodeCertificate(certificate, executor)),
		})),
	],
	[
		'UpdateServerCertificate',
		mutation(
			fields => ({
				name: fields.requiredText('Name'),
				newName: fields.text('NewName'),
				newPath: fields.text('NewPath'),
			}),
			renameCertificate,
			(certificate, executor) => ({ServerCertificate: encodeCertificate(certificate, executor)}),
		),
	],
	['DeleteServerCertificate', mutation(fields => ({name: fields.requiredText('Name')}), deleteCertificate)],
];

function readUpload(fields: Fields): UploadCertificate {
	const chain = fields.text('Chain');
	return {
		name: fields.requiredText('Name'),
		path: fields.text('Path'),
		body: fields.requiredText('Body'),
		key: fields.requiredText('PrivateKey'),
		// Forms and templates send an empty one.
		chain: chain?.trim() === '' ? undefined : chain,
	};
}

function readPaths(fields: Fields): readonly string[] | undefined {
	return nonEmpty(fields.object('Filters', filter => filter.texts('Paths')));
}
