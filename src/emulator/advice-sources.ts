import {diagnoseCertificate, readShown, type ShownCertificate} from '../certificates/advice.ts';
import type {UsableCertificate} from '../model/account.ts';
import type {NormalisedBackend} from '../model/normalised.ts';
import type {AdviceSources} from '../observability/advice/advisor.ts';

/** What a load balancer's advice needs to know of its description. Everything is asked for when it is needed. */
export function adviceSources({
	certificates,
	backends,
}: {
	/** What its listeners show, by logical port. */
	readonly certificates: () => ReadonlyMap<number, UsableCertificate>;
	/** As they are described. */
	readonly backends: () => readonly NormalisedBackend[];
}): AdviceSources {
	// What is no longer shown is forgotten.
	const read = new WeakMap<UsableCertificate['pair'], ShownCertificate>();
	const fakeNamed = (name: string) => {
		const described = backends().find(backend => backend.name === name);
		return described?.kind === 'fake' ? described : undefined;
	};
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
			const {names, notBefore, notAfter, fingerprint256} = shown;
			const seen = {names, notBefore, notAfter, fingerprint256};
			return diagnoseCertificate(shown, {port, ...about}).map(diagnosis => ({diagnosis, certificate: seen}));
		},
	};
}
