import type {ServerCertificate} from '../../model/account.ts';
import {
	CERTIFICATE_NAME,
	deleteCertificate,
	existingCertificate,
	type RenameCertificate,
	renameCertificate,
	type UploadCertificate,
	uploadCertificate,
} from '../../operations/certificates.ts';
import type {CloudStore} from '../../operations/context.ts';
import {mutation, ofNone, query} from '../action.ts';
import type {Fields} from '../fields.ts';
import type {AwsActions} from './action.ts';
import {bounded, boundedLength} from './constraints.ts';
import {encodeCertificate} from './encode.ts';
import {markerAfter, readMarker} from './markers.ts';
import type {Cloud} from './wire-errors.ts';
import {members, type XmlElements} from './xml.ts';

/** IAM 2010-05-08: the bounds of UploadServerCertificate, and MaxItems of ListServerCertificates. */
const MAX_PEM = 16_384;
const MAX_CHAIN = 2 * 1024 * 1024;
const MAX_NAME = 128;
const MAX_PATH = 512;
const MAX_TAGS = 50;
const PAGE = {usual: 100, max: 1000};

/** IAM 2010-05-08: server certificates, which EIM has as well. */
export function certificateActions(cloud: Cloud): AwsActions {
	const shown = (certificate: ServerCertificate, {identifiers}: CloudStore) => ({
		ServerCertificateMetadata: encodeCertificate(certificate, {identifiers, cloud}),
	});
	return [
		[
			'UploadServerCertificate',
			mutation(
				fields => readUpload(fields, cloud),
				uploadCertificate,
				ofNone,
				(certificate, store): XmlElements => ({...shown(certificate, store), ...encodeTags(certificate)}),
			),
		],
		[
			'GetServerCertificate',
			query(
				fields => readName(fields, 'ServerCertificateName'),
				(name, store): XmlElements => {
					const certificate = existingCertificate(store.account, name);
					const texts = encodeTexts(certificate, cloud);
					return {ServerCertificate: {...shown(certificate, store), ...texts, ...encodeTags(certificate)}};
				},
			),
		],
		[
			'ListServerCertificates',
			query(readPage, (page, store): XmlElements => {
				const {items, marker} = pageOf(page, store);
				const source = {identifiers: store.identifiers, cloud};
				return {
					ServerCertificateMetadataList: members(items.map(each => encodeCertificate(each, source))),
					IsTruncated: marker !== undefined,
					Marker: marker,
				};
			}),
		],
		['UpdateServerCertificate', mutation(readUpdate, renameCertificate, ofNone)],
		[
			'DeleteServerCertificate',
			mutation(fields => ({name: readName(fields, 'ServerCertificateName')}), deleteCertificate, ofNone),
		],
	];
}

function readUpload(fields: Fields, cloud: Cloud): UploadCertificate {
	const name = readName(fields, 'ServerCertificateName');
	const [body, key] = [fields.requiredText('CertificateBody'), fields.requiredText('PrivateKey')];
	const chain = fields.text('CertificateChain');
	boundedLength(fields, 'CertificateBody', body, {min: 0, max: MAX_PEM});
	boundedLength(fields, 'CertificateChain', chain, {min: 0, max: MAX_CHAIN});
	// A private key is never repeated.
	boundedLength(fields, 'PrivateKey', key, {min: 0, max: MAX_PEM}, '****');
	return {
		name,
		path: readPath(fields, 'Path'),
		body,
		key,
		// Forms and templates send an empty one.
		chain: chain?.trim() === '' ? undefined : chain,
		tags: readTags(fields),
		partNames: {cert: 'CertificateBody', key: 'PrivateKey', chain: 'CertificateChain'},
		ignoresCase: true,
		insistsOnChain: cloud === 'aws',
	};
}

function readName(fields: Fields, parameter: string, name = fields.requiredText(parameter)): string {
	boundedLength(fields, parameter, name, {min: 0, max: MAX_NAME});
	if (name !== '' && name.length <= MAX_NAME && !CERTIFICATE_NAME.test(name)) {
		const allowed = 'It must contain only alphanumeric characters and/or the following: +=,.@_-';
		fields.refuseWhole('BAD_CERTIFICATE_NAME', () => `${invalidValue(parameter)} ${allowed}`, name);
	}
	return name;
}

function readPath(fields: Fields, parameter: string): string | undefined {
	const path = fields.filledText(parameter);
	boundedLength(fields, parameter, path, {min: 1, max: MAX_PATH});
	if (path !== undefined && !/^\/(?:[!-~]*\/)?$/.test(path)) {
		const rule = 'It must begin and end with / and contain only alphanumeric characters and/or / characters.';
		fields.refuseWhole('BAD_CERTIFICATE_PATH', () => `${invalidValue(parameter)} ${rule}`, path);
	}
	return path;
}

/** AWS's own words, in public reports of IAM's answers. */
function invalidValue(parameter: string): string {
	return `The specified value for ${parameter.charAt(0).toLowerCase()}${parameter.slice(1)} is invalid.`;
}

/** Keys are the same whatever their case. */
function readTags(fields: Fields): ReadonlyMap<string, string> {
	const tags = fields.objects('Tags', tag => {
		const key = tag.requiredText('Key');
		const value = tag.text('Value') ?? '';
		boundedLength(tag, 'Key', key, {min: 0, max: 128});
		boundedLength(tag, 'Value', value, {min: 0, max: 256});
		return [key, value] as const;
	});
	if (tags === undefined) return new Map();
	if (new Set(tags.map(([key]) => key.toLowerCase())).size < tags.length) {
		const message = 'Duplicate tag keys found. Please note that Tag keys are case insensitive.';
		fields.refuseWhole('CERTIFICATE_TAGS_REPEAT', () => message);
	}
	if (tags.length > MAX_TAGS) {
		const rule = `Member must have length less than or equal to ${MAX_TAGS}`;
		const message = () => `1 validation error detected: Value at 'tags' failed to satisfy constraint: ${rule}`;
		fields.refuseWhole('CONSTRAINT', message);
	}
	return new Map(tags);
}

function readUpdate(fields: Fields): RenameCertificate {
	const name = readName(fields, 'ServerCertificateName');
	const newName = fields.filledText('NewServerCertificateName');
	return {
		name,
		// With neither a new name nor a new path nothing changes, and nothing is wrong (*guess*).
		newName: newName === undefined ? name : readName(fields, 'NewServerCertificateName', newName),
		newPath: readPath(fields, 'NewPath'),
		ignoresCase: true,
	};
}

interface Page {
	readonly prefix: string;
	/** The name of the last certificate before this page. */
	readonly after: string | undefined;
	readonly size: number;
}

function readPage(fields: Fields): Page {
	const size = fields.integer('MaxItems');
	bounded(fields, 'MaxItems', size, {min: 1, max: PAGE.max});
	const prefix = fields.filledText('PathPrefix') ?? '/';
	if (!/^\/[!-~]*$/.test(prefix) || prefix.length > MAX_PATH) {
		const rule = 'It must begin with the / character and contain only alphanumeric characters and/or / characters.';
		fields.refuseWhole('BAD_CERTIFICATE_PATH', () => `${invalidValue('PathPrefix')} ${rule}`, prefix);
	}
	const after = readMarker(fields, 'Marker', name => (CERTIFICATE_NAME.test(name) ? name : undefined));
	return {prefix, after, size: size ?? PAGE.usual};
}

/** By name (*guess*), so that a marker holds whatever is uploaded and deleted between two pages. */
function pageOf({prefix, after, size}: Page, {account}: CloudStore) {
	const left = [...account.certificates.values()]
		.filter(({path, name}) => path.startsWith(prefix) && (after === undefined || name > after))
		.sort(({name}, {name: other}) => (name < other ? -1 : 1));
	const items = left.slice(0, size);
	const last = items.at(-1);
	return {items, marker: last !== undefined && left.length > size ? markerAfter(last.name) : undefined};
}

/** Never the key. AWS leaves out the end of the last line. */
function encodeTexts({body, chain}: ServerCertificate, cloud: Cloud): XmlElements {
	const written = (text: string) => (cloud === 'aws' ? text.trimEnd() : text);
	return {CertificateBody: written(body), CertificateChain: chain === undefined ? undefined : written(chain)};
}

function encodeTags({tags}: ServerCertificate): XmlElements {
	return {Tags: tags.size === 0 ? undefined : members([...tags].map(([Key, Value]) => ({Key, Value})))};
}
