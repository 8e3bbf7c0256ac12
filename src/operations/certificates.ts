import {quote} from '../base/quote.ts';
import {type Account, certificateNamed, type ServerCertificate, withCertificate} from '../model/account.ts';
import {Refusal} from '../model/refusal.ts';
import type {Operation} from './context.ts';
import type {Identifiers} from './identifiers.ts';
import {type PartNames, validatePem} from './uploaded-pem.ts';
import {validateQuota} from './validate.ts';

/** Where a cloud has a server certificate: what an ORN or an ARN says. */
export interface CertificatePlace {
	/** 12 digits. */
	readonly accountId: string;
	/** Begins and ends with `/`. */
	readonly path: string;
	readonly name: string;
}

/** A server certificate as an API was asked for it. */
export interface AskedCertificate {
	/** As it was given: refusals repeat it. */
	readonly text: string;
	/** What that says; undefined: it is none of the forms of a cloud. */
	readonly place: CertificatePlace | undefined;
}

export interface UploadCertificate {
	readonly name: string;
	/** `/` unless said otherwise. */
	readonly path: string | undefined;
	readonly body: string;
	readonly key: string;
	readonly chain: string | undefined;
	readonly tags: ReadonlyMap<string, string>;
	/** What the API calls body, key and chain. */
	readonly partNames: PartNames;
	/** Whether a name is taken that differs in upper and lower case alone, as on AWS. */
	readonly ignoresCase: boolean;
	/** Whether a chain has to be that of the certificate, as on AWS; OUTSCALE takes any that parses (recorded). */
	readonly insistsOnChain: boolean;
}

/** CreateServerCertificate, and UploadServerCertificate of AWS IAM. */
export const uploadCertificate: Operation<UploadCertificate, ServerCertificate> = input => (account, context) => {
	const {name, path = '/', tags, partNames, ignoresCase, insistsOnChain} = input;
	validateName(name);
	validatePath(path);
	const validated = validatePem(input, partNames, {...context, insistsOnChain});
	validateFree(account, name, {ignoresCase});
	validateQuota(
		'TOO_MANY_CERTIFICATES',
		account.certificates.size + 1,
		context.quotas.certificates,
		'server certificates',
	);
	const certificate: ServerCertificate = {
		id: context.identifiers.certificateId(account.serial),
		name,
		path,
		tags,
		...validated,
		uploadedMs: context.wallMs,
		broughtBy: undefined,
		configuredAs: undefined,
	};
	return {account: withCertificate({...account, serial: account.serial + 1}, certificate), result: certificate};
};

export interface RenameCertificate {
	readonly name: string;
	readonly newName: string | undefined;
	readonly newPath: string | undefined;
	readonly ignoresCase: boolean;
}

/** UpdateServerCertificate. Listeners hold on to the certificate's id, so they go on and show its new ORN. */
export const renameCertificate: Operation<RenameCertificate, ServerCertificate> = input => account => {
	const {name, newName, newPath, ignoresCase} = input;
	if (newName === undefined && newPath === undefined) {
		throw new Refusal('MISSING_PARAMETER', 'nothing to update: give a new name, a new path or both');
	}
	if (newName !== undefined) validateName(newName);
	if (newPath !== undefined) validatePath(newPath);
	const before = existingCertificate(account, name);
	if (newName !== undefined) validateFree(account, newName, {ignoresCase, but: before.id});
	const after = {...before, name: newName ?? before.name, path: newPath ?? before.path};
	return {account: withCertificate(account, after), result: after};
};

/** DeleteServerCertificate. Refused while a listener uses it, as AWS IAM does; OUTSCALE is silent (*guess*). */
export const deleteCertificate: Operation<{readonly name: string}, undefined> =
	({name}) =>
	(account, context) => {
		const certificate = existingCertificate(account, name);
		const {id} = certificate;
		const user = [...account.loadBalancers.values()].find(({listeners, life}) =>
			listeners.some(listener => listener.certificateId === id && life.phase !== 'deleting'),
		);
		if (user !== undefined) {
			const message = `server certificate ${quote(name)} is in use by load balancer ${quote(user.name)}`;
			const {identifiers} = context;
			throw new Refusal(
				'CERTIFICATE_IN_USE',
				message,
				identifiers.iamCertificateId(certificate),
				identifiers.loadBalancerArn(user.name),
			);
		}
		const certificates = new Map(account.certificates);
		certificates.delete(id);
		return {account: {...account, certificates}, result: undefined};
	};

/** @throws Refusal `CERTIFICATE_NOT_FOUND` */
export function certificateAt(
	{certificates}: Account,
	{text, place}: AskedCertificate,
	identifiers: Identifiers,
): ServerCertificate {
	const all = [...certificates.values()];
	if (place?.accountId === identifiers.accountId) {
		const found = all.find(({path, name}) => path === place.path && name === place.name);
		if (found !== undefined) return found;
	}
	const byId = all.find(({id}) => id === text);
	const hint =
		byId === undefined ? '' : `; this is the Id of a certificate, and its ORN is ${identifiers.certificateOrn(byId)}`;
	throw new Refusal('CERTIFICATE_NOT_FOUND', `no server certificate has the ORN ${quote(text)}${hint}`, text);
}

/** The certificate of that name. @throws Refusal `NO_SUCH_CERTIFICATE` */
export function existingCertificate(account: Account, name: string): ServerCertificate {
	const found = certificateNamed(account, name);
	if (found !== undefined) return found;
	throw new Refusal('NO_SUCH_CERTIFICATE', `no server certificate is named ${quote(name)}`, name);
}

function validateFree(
	{certificates}: Account,
	name: string,
	{ignoresCase, but}: {readonly ignoresCase: boolean; readonly but?: string},
): void {
	const same = (one: string) => one === name || (ignoresCase && one.toLowerCase() === name.toLowerCase());
	if (![...certificates.values()].some(each => each.id !== but && same(each.name))) return;
	throw new Refusal('CERTIFICATE_NAME_TAKEN', `there is a server certificate named ${quote(name)} already`, name);
}

/** OUTSCALE API 1.40, CreateServerCertificateRequest.Name. */
export const CERTIFICATE_NAME = /^[A-Za-z0-9+=,.@_-]{1,128}$/;

function validateName(name: string): void {
	if (CERTIFICATE_NAME.test(name)) return;
	throw new Refusal(
		'BAD_CERTIFICATE_NAME',
		`${quote(name)} is not a certificate's name; allowed are 1 to 128 of A-Z, a-z, 0-9 and +=,.@_-`,
		name,
	);
}

/** Begins and ends with a slash, visible ASCII between, 512 at most: AWS IAM, UploadServerCertificate.Path. */
function validatePath(path: string): void {
	if (path.length <= 512 && /^\/(?:[!-~]*\/)?$/.test(path)) return;
	throw new Refusal(
		'BAD_CERTIFICATE_PATH',
		`${quote(path)} is not a path; it begins and ends with "/", such as "/example/"`,
		path,
	);
}
