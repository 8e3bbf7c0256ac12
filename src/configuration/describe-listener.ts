import {formatPath} from '../base/errors.ts';
import {readHostName} from '../base/host-name.ts';
import {show} from '../base/quote.ts';
import {refusalOfCiphers} from '../codec/cipher-list.ts';
import {isSecure, type ListenerPorts, type ListenerSpec, readListener} from '../model/listener.ts';
import type {CertificateReference, NormalisedListener} from '../model/normalised.ts';
import type {PemPair} from '../model/resolved.ts';
import {describeNames} from './describe-backend-tls.ts';
import {describeStickiness} from './describe-stickiness.ts';
import {unknownName} from './host-names.ts';
import {find, type Place} from './place.ts';
import type {Partly} from './read-shape.ts';
import type {CertificateNames, Listener} from './spec.ts';
import {FILES_HINT, validateCertificatePem} from './validate-pem.ts';

/** Several times what the longest listener takes. */
const MAX_LISTENER_LENGTH = 100;

type ListenerShape = Partly<ListenerSpec> | Partly<Listener>;

/**
 * Validates one listener whose shape has been read. A fault in one key does not hide those of the others.
 *
 * @param certificateNames the names that `certificate` may use.
 * @returns the listener; or undefined when even its ports could not be read. It counts only if nothing was found.
 */
export function describeListener(
	shape: ListenerShape | undefined,
	place: Place,
	certificateNames: ReadonlySet<string>,
): NormalisedListener | undefined {
	if (shape === undefined) return undefined;
	const listener: Partly<Listener> = typeof shape === 'string' ? {listen: shape} : shape;
	const ports = portsOf(listener, typeof shape === 'string' ? [] : ['listen'], place);
	const certificate = certificateOf(listener, ports, place, certificateNames);
	validateTls(listener, ports, place);
	const verifyBackend = verificationOf(listener, ports, place);
	const stickiness = describeStickiness(listener.stickiness, ports?.protocol, {
		path: [...place.path, 'stickiness'],
		findings: place.findings,
	});
	if (ports === undefined) return undefined;
	return {
		ports,
		certificate: isSecure(ports.protocol) ? (certificate ?? {kind: 'issue'}) : undefined,
		tls: {minVersion: listener.tls?.minVersion ?? 'TLSv1.2', ciphers: listener.tls?.ciphers},
		proxyProtocol: listener.proxyProtocol ?? false,
		stickiness,
		verifyBackend,
	};
}

function portsOf(listener: Partly<Listener>, keys: readonly string[], place: Place): ListenerPorts | undefined {
	if (listener.listen === undefined) return undefined;
	// The model repeats the text it was given, which is right for a listener and wrong for a PEM file in its place.
	if (listener.listen.length > MAX_LISTENER_LENGTH || listener.listen.includes('-----')) {
		find(place, keys, {
			message: `${show(listener.listen)} is not a listener; write text such as "https:443 -> http:80"`,
		});
		return undefined;
	}
	const read = readListener(listener.listen);
	if ('listener' in read) return read.listener;
	for (const {message, hint} of read.violations) find(place, keys, {message, hint});
	return undefined;
}

function certificateOf(
	{certificate}: Partly<Listener>,
	ports: ListenerPorts | undefined,
	place: Place,
	names: ReadonlySet<string>,
): CertificateReference | undefined {
	if (certificate === undefined) return undefined;
	if (ports !== undefined && !isSecure(ports.protocol)) {
		find(place, ['certificate'], {
			message: `a certificate goes with https and ssl only, not with ${ports.protocol}`,
			hint:
				ports.protocol === 'tcp'
					? 'tcp passes TLS through to the back-ends, which hold the certificate; to end TLS here, listen on ssl'
					: 'to end TLS here, listen on https',
		});
		return undefined;
	}
	if (typeof certificate !== 'string') {
		if (!isToIssue(certificate)) return pemReferenceOf(certificate, place);
		const at = {path: [...place.path, 'certificate', 'names'], findings: place.findings};
		return {kind: 'issue', names: describeNames(certificate.names, at) ?? []};
	}
	if (certificate.trim() === '') {
		find(place, ['certificate'], {
			message: `the certificate is missing: ${ports?.protocol ?? 'https and ssl'} needs one; write a name out of \`certificates\``,
			hint: 'leave `certificate` away to have one issued',
		});
	} else if (/^\s*-----BEGIN/.test(certificate)) {
		find(place, ['certificate'], {
			message: 'a text here is the name of a certificate, and this is PEM',
			hint: 'write {cert, key}: a listener needs the private key as well',
		});
	} else if (!names.has(certificate))
		find(place, ['certificate'], () => unknownName('certificate', certificate, names));
	return {kind: 'named', name: certificate};
}

/** A pair may have `names` beside its texts: what `issue()` of an authority returns can stand here as it is. */
function isToIssue(certificate: Partly<PemPair> | Partly<CertificateNames>): certificate is Partly<CertificateNames> {
	return 'names' in certificate && !('cert' in certificate || 'key' in certificate);
}

function pemReferenceOf({cert, key, chain}: Partly<PemPair>, place: Place): CertificateReference | undefined {
	const texts = {cert, chain};
	for (const [name, text] of Object.entries(texts)) validateCertificatePem(text, ['certificate', name], place);
	// The key's own text is never repeated, whatever it turned out to be.
	if (key !== undefined && !/-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----/.test(key)) {
		find(place, ['certificate', 'key'], {message: 'the key is not PEM text of a private key', hint: FILES_HINT});
	}
	return cert === undefined || key === undefined ? undefined : {kind: 'pem', pair: {cert, key, chain}};
}

function validateTls({tls}: Partly<Listener>, ports: ListenerPorts | undefined, place: Place): void {
	if (tls === undefined) return;
	if (ports !== undefined && !isSecure(ports.protocol)) {
		find(place, ['tls'], {message: `TLS settings go with https and ssl only, not with ${ports.protocol}`});
	}
	if (tls.ciphers === undefined) return;
	if (tls.ciphers.trim() === '') {
		find(place, ['tls', 'ciphers'], {message: 'the cipher list is empty', hint: 'leave it away for ECDHE with AEAD'});
		return;
	}
	const refusal = refusalOfCiphers(tls.ciphers, tls.minVersion);
	if (refusal !== undefined) find(place, ['tls', 'ciphers'], refusal);
}

function verificationOf(
	{verifyBackend}: Partly<Listener>,
	ports: ListenerPorts | undefined,
	place: Place,
): NormalisedListener['verifyBackend'] {
	if (verifyBackend === undefined || verifyBackend === false) return undefined;
	if (ports !== undefined && !isSecure(ports.backendProtocol)) {
		find(place, ['verifyBackend'], {
			message: `back-ends are verified over https and ssl only, not over ${ports.backendProtocol}`,
			hint: `write ${ports.backendProtocol === 'http' ? 'https' : 'ssl'} after the arrow of ${formatPath([...place.path, 'listen'])}`,
		});
	}
	if (verifyBackend === true) return {ca: 'authority', servername: undefined};
	if (verifyBackend.ca === undefined) return undefined;
	validateCertificatePem(verifyBackend.ca, ['verifyBackend', 'ca'], place, 'write the text that is in the file');
	if (/PRIVATE KEY/.test(verifyBackend.ca)) {
		find(place, ['verifyBackend', 'ca'], {message: 'a private key has no place here; write certificates only'});
	}
	return {ca: verifyBackend.ca, servername: servernameOf(verifyBackend.servername, place)};
}

/** What is asked for in a handshake, and looked for in the certificate that comes. */
function servernameOf(name: string | undefined, place: Place): string | undefined {
	if (name === undefined) return undefined;
	const host = readHostName(name);
	if (host === undefined) {
		find(place, ['verifyBackend', 'servername'], {
			message: `${show(name)} is not a host name; write the one in the certificate of the back-ends`,
		});
	}
	return host;
}
