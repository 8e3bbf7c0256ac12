// Sentences of the clouds that several refusals share, or that take more than a line.

/** OUTSCALE's LBU and EIM. */
export const NOT_VALIDATED =
	'Outscale was not able to validate the provided access credentials. Invalid login/password or password has expired.';

export const SIGNATURE_DIFFERS =
	'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.';

export const NO_SIGNING_DATE = "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.";

export function badSigningDate(given: string): string {
	return `Date must be in ISO-8601 'basic format'. Got '${given}'. See http://en.wikipedia.org/wiki/ISO_8601`;
}

export function signatureExpired(signed: string, now: string): string {
	return `Signature expired: ${signed} is now earlier than ${minutesFrom(now, -15)} (${now} - 15 min.)`;
}

export function signatureAhead(signed: string, now: string): string {
	return `Signature not yet current: ${signed} is still later than ${minutesFrom(now, 15)} (${now} + 15 min.)`;
}

export function noActive(name: string): string {
	return `There is no ACTIVE Load Balancer named '${name}'`;
}

export function alreadyExists(name: string): string {
	return `The Server Certificate with name ${name} already exists.`;
}

export function noCertificate(name: string): string {
	return `The Server Certificate with name ${name} cannot be found.`;
}

export function certificateInUse(id: string, user: string): string {
	return `Certificate: ${id} is currently in use by ${user}. Please remove it first before deleting it from IAM.`;
}

export function quotaExceeded(quota: string): string {
	return `Cannot exceed quota for ServerCertificatesPerAccount: ${quota}`;
}

/** Of the body and the chain AWS's own words, of the key a guess. */
export function unreadablePart(part: string): string {
	if (part === 'CertificateChain') {
		return 'Unable to validate certificate chain. The certificate chain must start with the immediate signing certificate, followed by any intermediaries in order. The index within the chain of the invalid certificate is: -1';
	}
	const what = part === 'PrivateKey' ? 'key' : 'certificate';
	return `Unable to parse ${what}. Please ensure the ${what} is in PEM format.`;
}

/** A time in the basic format of ISO 8601, `20260801T120000Z`, so many minutes later. */
function minutesFrom(time: string, minutes: number): string {
	const ms = Date.parse(time.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'));
	if (Number.isNaN(ms)) return time;
	return new Date(ms + minutes * 60_000).toISOString().replaceAll(/[-:]|\.\d+/g, '');
}

export function duplicateListener(port: string, name: string): string {
	return `A listener already exists for ${name} with LoadBalancerPort ${port}, but with a different InstancePort, Protocol, or SSLCertificateId`;
}
