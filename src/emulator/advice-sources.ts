import type {Buffer} from 'node:buffer';
import {diagnoseCertificate, readShown, type ShownCertificate} from '../certificates/advice.ts';
import {diagnoseSent, readSent, type SentCertificates} from '../certificates/backend-advice.ts';
import {readCertificates} from '../certificates/read-parts.ts';
import type {UsableCertificate} from '../model/account.ts';
import type {NormalisedBackend} from '../model/normalised.ts';
import type {PemPair} from '../model/resolved.ts';
import type {AdviceSources, CertificateDiagnosis} from '../observability/advice/sources.ts';
import type {RunningBackend} from './backends.ts';

/** How many back-ends' certificates are kept that came over the wire. */
const MOST_SENT = 100;

/** What a load balancer's advice needs to know of its description. Everything is asked for when it is needed. */
export function adviceSources({
	certificates,
	backends,
	running,
	authority,
}: {
	/** What its listeners show, by logical port. */
	readonly certificates: () => ReadonlyMap<number, UsableCertificate>;
	/** As they are described. */
	readonly backends: () => readonly NormalisedBackend[];
	/** As they run. */
	readonly running: () => Iterable<RunningBackend>;
	/** PEM of the emulator's own authority. */
	readonly authority: string;
}): AdviceSources {
	// What is no longer shown is forgotten.
	const read = new WeakMap<UsableCertificate['pair'], ShownCertificate>();
	const fakeNamed = (name: string) => {
		const described = backends().find(backend => backend.name === name);
		return described?.kind === 'fake' ? described : undefined;
	};
	const ofBackends = backendCertificates({running, authority});
	return {
		requiresProxyLine: name => fakeNamed(name)?.proxyProtocol === 'require',
		requiresTls: name => {
			const tls = fakeNamed(name)?.tls;
			return tls !== undefined && tls !== 'detect';
		},
		ofCertificate: (port, about) => {
			const certificate = certificates().get(port);
			if (certificate === undefined) return [];
			const shown = read.get(certificate.pair) ?? readShown(certificate.pair, certificate);
			read.set(certificate.pair, shown);
			return diagnoseCertificate(shown, {port, ...about}).map(withEvidence(shown));
		},
		ofBackendCertificate: (backend, {port, sent, ...about}) => {
			const shown = ofBackends(backend, sent);
			return shown === undefined ? [] : diagnoseSent(shown, {listener: port, backend}, about).map(withEvidence(shown));
		},
	};
}

function withEvidence(
	shown: CertificateDiagnosis['certificate'],
): (diagnosis: CertificateDiagnosis['diagnosis']) => CertificateDiagnosis {
	const {names, notBefore, notAfter, fingerprint256} = shown;
	return diagnosis => ({diagnosis, certificate: {names, notBefore, notAfter, fingerprint256}});
}

/** Reads what back-ends show: of fake ones it is known, of others it is what passed unencrypted. */
function backendCertificates({
	running,
	authority,
}: Pick<Parameters<typeof adviceSources>[0], 'running' | 'authority'>): (
	backend: string,
	sent: readonly Buffer[] | 'hidden',
) => SentCertificates | undefined {
	const ofFakes = new WeakMap<PemPair, {readonly read: SentCertificates | undefined}>();
	const ofOthers = new Map<string, {readonly sent: readonly Buffer[]; readonly read: SentCertificates | undefined}>();
	return (backend, sent) => {
		const pair = [...running()].findLast(({name}) => name === backend)?.certificate();
		if (pair !== undefined) {
			const known = ofFakes.get(pair) ?? {read: readSent(partsOf(pair), {authority, isOwn: true})};
			ofFakes.set(pair, known);
			return known.read;
		}
		if (sent === 'hidden') return undefined;
		const before = ofOthers.get(backend);
		if (before !== undefined && isSame(before.sent, sent)) return before.read;
		if (ofOthers.size >= MOST_SENT) ofOthers.clear();
		const read = readSent(sent, {authority, isOwn: false});
		ofOthers.set(backend, {sent, read});
		return read;
	};
}

function partsOf({cert, chain = ''}: PemPair): string[] {
	return [cert, ...(chain === '' ? [] : readCertificates(chain, 'chain').certificates.map(({text}) => text))];
}

function isSame(one: readonly Buffer[], other: readonly Buffer[]): boolean {
	// Bounds: both have as many.
	return one.length === other.length && one.every((bytes, index) => bytes.equals(other[index] ?? bytes.subarray(1)));
}
