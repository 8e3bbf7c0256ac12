import {isDeepStrictEqual} from 'node:util';
import {formatPath, type Violation} from '../base/errors.ts';
import {quote} from '../base/quote.ts';
import {readInput} from '../base/read-file.ts';
import {didYouMean} from '../base/suggest.ts';
import {wallMs} from '../base/timers.ts';
import type {Authority} from '../certificates/authority.ts';
import {withHiddenKey} from '../certificates/hidden-key.ts';
import {inspectCertificate} from '../certificates/inspect.ts';
import {dateWarnings} from '../certificates/warnings.ts';
import type {UsableCertificate} from '../model/account.ts';
import type {CertificateReference, NormalisedCertificate} from '../model/normalised.ts';
import type {PemPair} from '../model/resolved.ts';

/** Validates a pair; adds what is wrong with it to `violations`, below `path`. */
export function usable(pair: PemPair, path: Violation['path'], violations: Violation[]): UsableCertificate | undefined {
	const inspection = inspectCertificate(pair);
	for (const {part, message, hint} of inspection.problems) violations.push({path: [...path, part], message, hint});
	if (inspection.pair === undefined || inspection.facts === undefined) return undefined;
	return {pair: inspection.pair, facts: inspection.facts, warnings: inspection.warnings, issued: false};
}

/**
 * Has a certificate issued. It is not read again: what it says is known, and nothing can be wrong with it but that it
 * ends with its authority, soon.
 */
export function issueUsable(
	authority: Authority,
	{names, key = 'ec'}: {readonly names: readonly string[]; readonly key?: 'ec' | 'rsa' | undefined},
): UsableCertificate {
	const issued = authority.issue({names, key});
	const warnings = dateWarnings('The certificate', issued, new Date(wallMs()));
	return {
		pair: withHiddenKey({cert: issued.cert, key: issued.key}),
		facts: {names: issued.names, notAfter: issued.notAfter, fingerprint256: issued.fingerprint256, keyType: key},
		warnings,
		issued: true,
	};
}

/** The certificates of a configuration, as they are described and as they are. */
export interface LoadedCertificates {
	readonly described: {readonly certificates: ReadonlyMap<string, NormalisedCertificate>};
	readonly certificates: ReadonlyMap<string, UsableCertificate>;
}

/**
 * Reads and validates every certificate of a configuration, and issues those it only names.
 *
 * @param authority undefined: those that would be issued are left out.
 * @param before what was loaded last: what is the same still is not issued or validated again, and is the same object.
 * @param reported paths under which something wrong has been found already: what they name is not read.
 * @returns the usable ones by name, and what is wrong with the others.
 */
export async function loadCertificates(
	described: ReadonlyMap<string, NormalisedCertificate>,
	authority: Authority | undefined,
	before: LoadedCertificates = {described: {certificates: new Map()}, certificates: new Map()},
	reported: ReadonlySet<string> = new Set(),
): Promise<{certificates: Map<string, UsableCertificate>; violations: Violation[]}> {
	const violations: Violation[] = [];
	const certificates = new Map<string, UsableCertificate>();
	for (const [name, certificate] of described) {
		const path = ['certificates', name];
		const old = before.certificates.get(name);
		if (
			certificate.kind === 'issue' &&
			old &&
			isDeepStrictEqual(before.described.certificates.get(name), certificate)
		) {
			certificates.set(name, old);
			continue;
		}
		let made: UsableCertificate | undefined;
		if (certificate.kind === 'issue') made = authority && issueUsable(authority, certificate);
		else {
			const pair = await readFiles(certificate, path, {violations, reported});
			made = pair && usable(pair, path, violations);
		}
		if (made !== undefined) certificates.set(name, old && isSamePair(old.pair, made.pair) ? old : made);
	}
	return {certificates, violations};
}

function isSamePair(one: PemPair, other: PemPair): boolean {
	return one.cert === other.cert && one.key === other.key && one.chain === other.chain;
}

/** The texts of the files; undefined when one of them cannot be read, and then the others are validated for themselves. */
async function readFiles(
	files: Extract<NormalisedCertificate, {readonly kind: 'files'}>,
	path: Violation['path'],
	{violations, reported}: {readonly violations: Violation[]; readonly reported: ReadonlySet<string>},
): Promise<PemPair | undefined> {
	const read = async (part: keyof PemPair, file: string | undefined): Promise<string | undefined> => {
		const at = [...path, part];
		// An empty path stands for one that was no path.
		if (file === undefined || file === '' || reported.has(formatPath(at))) return undefined;
		const found = await readInput(file);
		if ('bytes' in found) return found.bytes.toString();
		violations.push({path: at, message: `cannot read ${file}: ${found.unreadable.reason}`});
		return undefined;
	};
	const [cert, key, chain] = await Promise.all([
		read('cert', files.cert),
		read('key', files.key),
		read('chain', files.chain),
	]);
	if (cert !== undefined && key !== undefined && (chain === undefined) === (files.chain === undefined)) {
		return {cert, key, chain};
	}
	const readable = new Set(
		Object.entries({cert, key, chain}).flatMap(([part, text]) => (text === undefined ? [] : part)),
	);
	for (const {part, message, hint} of inspectCertificate({cert: cert ?? '', key: key ?? '', chain}).problems) {
		if (readable.has(part)) violations.push({path: [...path, part], message, hint});
	}
	return undefined;
}

/**
 * The certificate a listener refers to.
 *
 * @param known the configuration's certificates.
 * @param issue makes one where none was given.
 */
export function resolveCertificate(
	reference: CertificateReference,
	{
		known,
		issue,
	}: {readonly known: ReadonlyMap<string, UsableCertificate>; readonly issue: () => UsableCertificate | undefined},
	path: Violation['path'],
	violations: Violation[],
): UsableCertificate | undefined {
	switch (reference.kind) {
		case 'issue':
			return issue();
		case 'pem':
			return usable(reference.pair, path, violations);
		case 'named': {
			const found = known.get(reference.name);
			if (found === undefined) {
				const message = `there is no certificate named ${quote(reference.name)}`;
				violations.push({path, message, hint: didYouMean(reference.name, known.keys())});
			}
			return found;
		}
	}
}

/**
 * What is wrong with the PEM pairs in a description, so that all violations can be reported together. The description is of
 * unknown shape.
 *
 * @param path where the description stands.
 */
export function violationsOfPairs(spec: unknown, path: Violation['path'] = []): Violation[] {
	const violations: Violation[] = [];
	const listeners: unknown = typeof spec === 'object' && spec !== null && 'listeners' in spec ? spec.listeners : [];
	for (const [index, listener] of (Array.isArray(listeners) ? listeners : []).entries()) {
		if (typeof listener !== 'object' || listener === null || !('certificate' in listener)) continue;
		const at = [...path, 'listeners', index, 'certificate'];
		if (isPair(listener.certificate)) usable(listener.certificate, at, violations);
	}
	return violations;
}

/** Whether a value of unknown origin has the shape of a pair; what its texts say is another question. */
export function isPair(value: unknown): value is PemPair {
	return (
		typeof value === 'object' &&
		value !== null &&
		'cert' in value &&
		typeof value.cert === 'string' &&
		'key' in value &&
		typeof value.key === 'string' &&
		(!('chain' in value) || value.chain === undefined || typeof value.chain === 'string')
	);
}
