import {readCertificateName} from '../base/host-name.ts';
import {quote} from '../base/quote.ts';
import {below, tell, type WritePlace} from '../configuration/write-values.ts';
import type {Account, ServerCertificate} from '../model/account.ts';
import type {AccountListener} from '../model/account-load-balancer.ts';
import {isSecure} from '../model/listener.ts';
import type {CertificateReference, NormalisedCertificate} from '../model/normalised.ts';
import type {ConfigurationContent} from './configure.ts';
import {usableName} from './kept-certificates.ts';
import {samePair} from './uploaded-pem.ts';

/**
 * The certificates of an account as a configuration has them: files by their paths, and for every other key one that is
 * issued for the same names.
 */
export class SnapshotCertificates {
	readonly #described = new Map<string, NormalisedCertificate>();
	readonly #account: Account;
	readonly #configured: ConfigurationContent;
	readonly #place: WritePlace;
	/** Names in `described`, by the ids of certificates. */
	readonly #names = new Map<string, string>();

	/** @param place the root of the configuration. */
	constructor(account: Account, configured: ConfigurationContent, place: WritePlace) {
		this.#account = account;
		this.#configured = configured;
		this.#place = place;
		// What a load balancer has brought comes with its listeners again.
		for (const each of account.certificates.values()) if (each.broughtBy === undefined) this.#add(each);
	}

	/**
	 * By the names that listeners use, in the order of the configuration: of names that come down to one in the cloud, the
	 * last has it.
	 */
	get described(): ReadonlyMap<string, NormalisedCertificate> {
		const all = this.#described;
		const names = new Set([...this.#configured.described.certificates.keys(), ...all.keys()]);
		return new Map(
			[...names].flatMap(name => {
				const certificate = all.get(name);
				return certificate === undefined ? [] : [[name, certificate] as const];
			}),
		);
	}

	/** Ids in the account, by the names of the configuration. */
	get ids(): ReadonlyMap<string, string> {
		return new Map([...this.#names].map(([id, name]) => [name, id]));
	}

	/** What a listener of the configuration asks for, so that it shows the same. */
	referenceOf(listener: AccountListener, place: WritePlace): CertificateReference | undefined {
		if (!isSecure(listener.protocol)) return undefined;
		const shown = this.#account.certificates.get(listener.certificateId ?? '');
		if (shown === undefined) return {kind: 'issue'};
		const name = this.#names.get(shown.id) ?? this.#nameOfSource(shown);
		if (name !== undefined) return {kind: 'named', name};
		if (listener.certificate?.kind === 'issue' && shown.issued) return listener.certificate;
		const at = below(place, 'certificate');
		const names = this.#namesOf(shown, at);
		if (!shown.issued) tell(at, 'its private key is not written: a certificate for the same names is issued');
		return names === undefined ? {kind: 'issue'} : {kind: 'issue', names};
	}

	#add(certificate: ServerCertificate): void {
		const {id, name: current, path, tags, configuredAs, issued, facts} = certificate;
		const name = configuredAs !== undefined && usableName(configuredAs) === current ? configuredAs : current;
		const at = below(this.#place, 'certificates', name);
		this.#names.set(id, name);
		if (path !== '/') tell(at, `its path ${quote(path)} is not written`);
		if (tags.size > 0) tell(at, 'its tags are not written');
		const source = this.#sourceOf(certificate);
		if (source !== undefined) {
			this.#described.set(name, source.described);
			return;
		}
		if (!issued) tell(at, 'its private key is not written: a certificate for the same names is issued');
		const names = this.#namesOf(certificate, at) ?? ['localhost', '127.0.0.1', '::1'];
		this.#described.set(name, {kind: 'issue', names, key: facts.keyType.startsWith('rsa') ? 'rsa' : 'ec'});
	}

	/** One of the configuration that a load balancer has brought again, after an API had deleted it. */
	#nameOfSource(certificate: ServerCertificate): string | undefined {
		const source = this.#sourceOf(certificate);
		if (source === undefined) return undefined;
		const taken = this.#described.get(source.name);
		if (taken === undefined) this.#described.set(source.name, source.described);
		return taken === undefined || taken === source.described ? source.name : undefined;
	}

	/** What the configuration has with the same bytes. */
	#sourceOf({pair, configuredAs}: ServerCertificate) {
		const {certificates, described} = this.#configured;
		const isSame = (name: string) => {
			const loaded = certificates.get(name);
			return loaded !== undefined && samePair(loaded.pair, pair);
		};
		const name = [configuredAs, ...certificates.keys()].find(each => each !== undefined && isSame(each));
		const found = name === undefined ? undefined : described.certificates.get(name);
		return name === undefined || found === undefined ? undefined : {name, described: found};
	}

	/** The names that one can be issued for; undefined: none of them. */
	#namesOf({facts}: ServerCertificate, place: WritePlace): readonly string[] | undefined {
		const read = facts.names.map(name => [name, readCertificateName(name)] as const);
		const usable = [...new Set(read.flatMap(([, name]) => (typeof name === 'string' ? name : [])))];
		if (facts.names.length === 0 || usable.length === 0) {
			tell(place, 'it has no name that a certificate can be issued for: one for loopback takes its place');
			return undefined;
		}
		for (const [name, refusal] of read) {
			if (typeof refusal === 'object') tell(place, `no certificate can be issued for its name ${quote(name)}`);
		}
		return usable;
	}
}
