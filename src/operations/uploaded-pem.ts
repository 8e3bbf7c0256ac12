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

/** What an API calls the parts, by their names in the sentences of `certificates/`. */
export type PartNames = Readonly<Record<'cert' | 'key' | 'chain', string>>;

/**
 * Validates the texts of a certificate. A chain that parses is kept as it came, because the cloud does not insist on a real
 * one (recorded: the leaf itself as its chain); what does not belong to the leaf is not sent to clients.
 *
 * @throws Refusal `CERTIFICATE_UNREADABLE`, `KEY_PAIR_MISMATCH`; no text in it holds key material.
 */
export function validatePem(
	{body, key, chain}: UploadedPem,
	names: PartNames,
	{strict, wallMs, insistsOnChain}: Pick<Context, 'strict' | 'wallMs'> & {readonly insistsOnChain: boolean},
): UsableCertificate & Pick<ServerCertificate, 'body' | 'chain'> {
	if (strict) validateKeyForm(key, names);
	const refusalOf = (problem: Problem) => refusalNaming(names, problem);
	const now = new Date(wallMs);
	if (chain !== undefined) {
		const [problem] = readCertificates(chain, 'chain').problems;
		if (problem !== undefined) throw refusalOf(problem);
	}
	const alone = inspectCertificate({cert: body, key}, {now});
	const whole = chain === undefined ? alone : inspectCertificate({cert: body, key, chain}, {now});
	const usable = whole.pair === undefined && !insistsOnChain ? alone : whole;
	const [problem] = usable.problems;
	if (usable.pair === undefined || usable.facts === undefined) {
		throw problem === undefined ? unreadable('the certificate cannot be used', names.cert) : refusalOf(problem);
	}
	const ignored =
		whole.pair === undefined ? whole.problems.map(({message}) => `${message}; the chain is not sent`) : [];
	return {
		pair: usable.pair,
		body,
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
function validateKeyForm(key: string, names: PartNames): void {
	let label: string | undefined;
	try {
		label = readPem(key).find(block => block.label.endsWith('PRIVATE KEY'))?.label;
	} catch {
		// What is no PEM at all is told with its reason below.
		return;
	}
	if (label === undefined || label === 'RSA PRIVATE KEY') return;
	throw unreadable(
		`${names.key} is "${label}"; the cloud takes RSA in PKCS#1 only, "RSA PRIVATE KEY" (openssl rsa -traditional)`,
		names.key,
	);
}

function refusalNaming(names: PartNames, {part, message}: Problem): Refusal {
	const text = message.replace(/^(?:cert|key|chain)\b/, names[part]);
	const isMismatch = part !== 'chain' && /does not belong to|does not fit/.test(text);
	return isMismatch ? new Refusal('KEY_PAIR_MISMATCH', text) : unreadable(text, names[part]);
}

/** @param part what the API calls it. */
function unreadable(message: string, part: string): Refusal {
	return new Refusal('CERTIFICATE_UNREADABLE', message, '', part);
}
