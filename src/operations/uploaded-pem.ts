import {inspectCertificate} from '../certificates/inspect.ts';
import {readPem} from '../certificates/pem.ts';
import {type Problem, readCertificates} from '../certificates/read-parts.ts';
import type {ServerCertificate, UsableCertificate} from '../model/account.ts';
import {Refusal} from '../model/refusal.ts';
import type {PemPair} from '../model/resolved.ts';
import type {Context} from './context.ts';

/** The texts of a certificate as they are uploaded. */
export interface UploadedPem {
	readonly body: string;
	readonly key: string;
	readonly chain: string | undefined;
}

/** What the parts are called in the sentences of `certificates/`, and here. */
const PARTS = {cert: 'Body', key: 'PrivateKey', chain: 'Chain'} as const;

/**
 * Validates the texts of a certificate. A chain that parses is kept as it came, because the cloud does not insist on a real
 * one (recorded: the leaf itself as its chain); what does not belong to the leaf is not sent to clients.
 *
 * @throws Refusal `CERTIFICATE_UNREADABLE`, `CERTIFICATE_UNUSABLE`; no text in it holds key material.
 */
export function validatePem(
	{body, key, chain}: UploadedPem,
	{strict, wallMs}: Pick<Context, 'strict' | 'wallMs'>,
): UsableCertificate & Pick<ServerCertificate, 'chain'> {
	if (strict) validateKeyForm(key);
	const now = new Date(wallMs);
	if (chain !== undefined) {
		const [problem] = readCertificates(chain, 'chain').problems;
		if (problem !== undefined) throw refusalOf(problem);
	}
	const alone = inspectCertificate({cert: body, key}, {now});
	const whole = chain === undefined ? alone : inspectCertificate({cert: body, key, chain}, {now});
	const usable = whole.pair === undefined ? alone : whole;
	const [problem] = usable.problems;
	if (usable.pair === undefined || usable.facts === undefined) {
		throw problem === undefined ? unreadable('the certificate cannot be used') : refusalOf(problem);
	}
	const ignored =
		whole.pair === undefined ? whole.problems.map(({message}) => `${message}; the chain is not sent`) : [];
	return {
		pair: usable.pair,
		chain,
		facts: usable.facts,
		issued: false,
		warnings: [...usable.warnings, ...ignored],
	};
}

/** The leaf, its key and its chain as one text each, to tell whether two certificates are one. */
export function samePair(one: PemPair, other: PemPair): boolean {
	return one.cert === other.cert && one.key === other.key && (one.chain ?? '') === (other.chain ?? '');
}

/** OUTSCALE API 1.40, CreateServerCertificateRequest.PrivateKey: RSA in PKCS#1. */
function validateKeyForm(key: string): void {
	let label: string | undefined;
	try {
		label = readPem(key).find(block => block.label.endsWith('PRIVATE KEY'))?.label;
	} catch {
		// What is no PEM at all is told with its reason below.
		return;
	}
	if (label === undefined || label === 'RSA PRIVATE KEY') return;
	throw unreadable(
		`PrivateKey is "${label}"; the cloud takes RSA in PKCS#1 only, "RSA PRIVATE KEY" (openssl rsa -traditional)`,
	);
}

function refusalOf({part, message}: Problem): Refusal {
	const text = message.replace(/^(?:cert|key|chain)\b/, PARTS[part]);
	// A key of another certificate parses, and is wrong all the same: code 5070 is a guess, see docs/fidelity.md.
	return /does not belong to|does not fit/.test(text) ? new Refusal('CERTIFICATE_UNUSABLE', text) : unreadable(text);
}

function unreadable(message: string): Refusal {
	return new Refusal('CERTIFICATE_UNREADABLE', message);
}
