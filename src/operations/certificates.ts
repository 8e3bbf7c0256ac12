import {quote} from '../base/quote.ts';
import {type Account, certificateNamed, type ServerCertificate, withCertificate} from '../model/account.ts';
import {Refusal} from '../model/refusal.ts';
import type {Operation} from './context.ts';
import type {Identifiers} from './identifiers.ts';
import {validatePem} from './uploaded-pem.ts';
import {validateQuota} from './validate.ts';

export interface UploadCertificate {
	readonly name: string;
	/** `/` unless said otherwise. */
	readonly path: string | undefined;
	readonly body: string;
	readonly key: string;
	readonly chain: string | undefined;
}

/** CreateServerCertificate. */
export const uploadCertificate: Operation<UploadCertificate, ServerCertificate> = input => (account, context) => {
	const {name, path = '/'} = input;
	validateName(name);
	validatePath(path);
	const validated = validatePem(input, context);
	validateFree(account, name);
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
}

/** UpdateServerCertificate. Listeners hold on to the certificate's id, so they go on and show its new ORN. */
export const renameCertificate: Operation<RenameCertificate, ServerCertificate> = input => account => {
	const {name, newName, newPath} = input;
	if (newName === undefined && newPath === undefined) {
		throw new Refusal('MISSING_PARAMETER', 'nothing to update: give a new name, a new path or both');
	}
	if (newName !== undefined) validateName(newName);
	if (newPath !== undefined) validatePath(newPath);
	const before = existing(account, name);
	if (newName !== undefined && newName !== name) validateFree(account, newName);
	const after = {...before, name: newName ?? before.name, path: newPath ?? before.path};
	return {account: withCertificate(account, after), result: after};
};

/** DeleteServerCertificate. Refused while a listener uses it, as AWS IAM does; OUTSCALE is silent (*guess*). */
export const deleteCertificate: Operation<{readonly name: string}, undefined> =
	({name}) =>
	account => {
		const {id} = existing(account, name);
		const user = [...account.loadBalancers.values()].find(({listeners, life}) =>
			listeners.some(listener => listener.certificateId === id && life.phase !== 'deleting'),
		);
		if (user !== undefined) {
			const message = `server certificate ${quote(name)} is in use by load balancer ${quote(user.name)}`;
			throw new Refusal('CERTIFICATE_IN_USE', message, name);
		}
		const certificates = new Map(account.certificates);
		certificates.delete(id);
		return {account: {...account, certificates}, result: undefined};
	};

/**
 * The certificate that an ORN stands for. The older `arn:aws:iam` form stands in OUTSCALE's documents and in users'
 * files, and is read too.
 *
 * @throws Refusal `CERTIFICATE_UNUSABLE`
 */
export function certificateByOrn(account: Account, orn: string, identifiers: Identifiers): ServerCertificate {
	const read = /^(?:orn:ows:idauth|arn:aws:iam)::(\d{12}):server-certificate(\/.*)$/s.exec(orn);
	const resource = read?.[1] === identifiers.accountId ? read[2] : undefined;
	const found = [...account.certificates.values()].find(({path, name}) => path + name === resource);
	if (found !== undefined) return found;
	const id = [...account.certificates.values()].find(certificate => certificate.id === orn);
	const hint =
		id === undefined ? '' : `; this is the Id of a certificate, and its ORN is ${identifiers.certificateOrn(id)}`;
	throw new Refusal('CERTIFICATE_UNUSABLE', `no server certificate has the ORN ${quote(orn)}${hint}`, orn);
}

function existing(account: Account, name: string): ServerCertificate {
	const found = certificateNamed(account, name);
	if (found !== undefined) return found;
	throw new Refusal('NO_SUCH_CERTIFICATE', `no server certificate is named ${quote(name)}`, name);
}

function validateFree(account: Account, name: string): void {
	if (certificateNamed(account, name) === undefined) return;
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
		'BAD_CERTIFICATE_NAME',
		`${quote(path)} is not a path; it begins and ends with "/", such as "/example/"`,
		path,
	);
}
