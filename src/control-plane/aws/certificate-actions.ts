import {quote} from '../../base/quote.ts';
import {certificateNamed, type ServerCertificate} from '../../model/account.ts';
import {Refusal} from '../../model/refusal.ts';
import {
	CERTIFICATE_NAME,
	deleteCertificate,
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
import {emptyAsAbsent} from './load-balancer-actions.ts';
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
	const shown = (certificate: ServerCertificate, store: CloudStore) => ({
		ServerCertificateMetadata: encodeCertificate(certificate, {...sourceOf(store), cloud}),
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
					const certificate = existing(name, store);
					const texts = encodeTexts(certificate, cloud);
					return {ServerCertificate: {...shown(certificate, store), ...texts, ...encodeTags(certificate)}};
				},
			),
		],
		[
			'ListServerCertificates',
			query(readPage, (page, store): XmlElements => {
				const {items, marker} = pageOf(page, store);
				return {
					ServerCertificateMetadataList: members(
						items.map(each => encodeCertificate(each, {...sourceOf(store), cloud})),
					),
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

/** One account for all of an answer. */
function sourceOf({account, identifiers}: CloudStore): Pick<CloudStore, 'account' | 'identifiers'> {
	return {account, identifiers};
}

function existing(name: string, {account}: CloudStore): ServerCertificate {
	const found = certificateNamed(account, name);
	if (found !== undefined) return found;
	throw new Refusal('NO_SUCH_CERTIFICATE', `no server certificate is named ${quote(name)}`, name);
}

function readUpload(fields: Fields, cloud: Cloud): UploadCertificate {
	const name = readName(fields, 'ServerCertificateName');
	const [body, key] = [fields.requiredText('CertificateBody'), fields.requiredText('PrivateKey')];
	const chain = fields.text('CertificateChain');
	boundedLength(fields, 'CertificateBody', body, {min: 0, max: MAX_PEM});
	boundedLength(fields, 'CertificateChain', chain, {min: 0, max: MAX_CHAIN});
	if (key.length > MAX_PEM) refuseLongKey(fields);
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

/** As `boundedLength()`, which repeats the value. */
function refuseLongKey(fields: Fields): void {
	const rule = `Member must have length less than or equal to ${MAX_PEM}`;
	const message = () =>
		`1 validation error detected: Value '****' at 'privateKey' failed to satisfy constraint: ${rule}`;
	fields.refuseWhole('CONSTRAINT', message);
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
	const path = emptyAsAbsent(fields.text(parameter));
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
	const newName = emptyAsAbsent(fields.text('NewServerCertificateName'));
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
	const prefix = emptyAsAbsent(fields.text('PathPrefix')) ?? '/';
	if (!/^\/[!-~]*$/.test(prefix) || prefix.length > MAX_PATH) {
		const rule = 'It must begin with the / character and contain only alphanumeric characters and/or / characters.';
		fields.refuseWhole('BAD_CERTIFICATE_PATH', () => `${invalidValue('PathPrefix')} ${rule}`, prefix);
	}
	const marker = emptyAsAbsent(fields.text('Marker'));
	const after = marker === undefined ? undefined : nameIn(marker);
	if (marker !== undefined && after === undefined) {
		fields.refuse('BAD_MARKER', 'Marker', () => `${quote(marker)} is not the Marker of an answer`, marker);
	}
	return {prefix, after, size: size ?? PAGE.usual};
}

/** By name (*guess*), so that a marker holds whatever is uploaded and deleted between two pages. */
function pageOf({prefix, after, size}: Page, {account}: CloudStore) {
	const left = [...account.certificates.values()]
		.filter(({path, name}) => path.startsWith(prefix) && (after === undefined || name > after))
		.sort(({name}, {name: other}) => (name < other ? -1 : 1));
	const items = left.slice(0, size);
	const last = items.at(-1);
	return {items, marker: last !== undefined && left.length > size ? markerOf(last) : undefined};
}

/** A marker says nothing to those who get it. */
function markerOf({name}: ServerCertificate): string {
	return Buffer.from(`after ${name}`).toString('base64url');
}

function nameIn(marker: string): string | undefined {
	if (marker.length > 2 * (MAX_NAME + 'after '.length)) return undefined;
	const name = /^after (.*)$/s.exec(Buffer.from(marker, 'base64url').toString('latin1'))?.[1];
	return name !== undefined && CERTIFICATE_NAME.test(name) ? name : undefined;
}

/** Never the key. AWS leaves out the end of the last line. */
function encodeTexts({body, chain}: ServerCertificate, cloud: Cloud): XmlElements {
	const written = (text: string) => (cloud === 'aws' ? text.trimEnd() : text);
	return {CertificateBody: written(body), CertificateChain: chain === undefined ? undefined : written(chain)};
}

function encodeTags({tags}: ServerCertificate): XmlElements {
	return {Tags: tags.size === 0 ? undefined : members([...tags].map(([Key, Value]) => ({Key, Value})))};
}
