import {
	deleteCertificate,
	renameCertificate,
	type UploadCertificate,
	uploadCertificate,
} from '../../operations/certificates.ts';
import {mutation, ofNone, query} from '../action.ts';
import type {Fields} from '../fields.ts';
import type {OutscaleAction} from './encode.ts';
import {encodeCertificate} from './encode.ts';
import {nonEmpty} from './load-balancer-actions.ts';

/** OUTSCALE API 1.40: server certificates. */
export const CERTIFICATE_ACTIONS: readonly (readonly [string, OutscaleAction])[] = [
	[
		'CreateServerCertificate',
		mutation(readUpload, uploadCertificate, ofNone, (certificate, store) => ({
			ServerCertificate: encodeCertificate(certificate, store),
		})),
	],
	[
		'ReadServerCertificates',
		query(readPaths, (paths, store) => ({
			ServerCertificates: [...store.account.certificates.values()]
				.filter(({path}) => paths === undefined || paths.includes(path))
				.map(certificate => encodeCertificate(certificate, store)),
		})),
	],
	[
		'UpdateServerCertificate',
		mutation(
			fields => ({
				name: fields.requiredText('Name'),
				newName: fields.text('NewName'),
				newPath: fields.text('NewPath'),
				ignoresCase: false,
			}),
			renameCertificate,
			ofNone,
			(certificate, store) => ({ServerCertificate: encodeCertificate(certificate, store)}),
		),
	],
	['DeleteServerCertificate', mutation(fields => ({name: fields.requiredText('Name')}), deleteCertificate, ofNone)],
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
		tags: new Map(),
		partNames: {cert: 'Body', key: 'PrivateKey', chain: 'Chain'},
		ignoresCase: false,
		insistsOnChain: false,
	};
}

function readPaths(fields: Fields): readonly string[] | undefined {
	return nonEmpty(fields.object('Filters', filter => filter.texts('Paths')));
}
