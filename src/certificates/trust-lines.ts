import {X509Certificate} from 'node:crypto';
import {shellWord} from '../base/shell-word.ts';

/** How one system or program is made to trust an authority, and to forget it. */
export interface TrustLines {
	/** What it is chosen by: `lb-local trust debian`. */
	readonly name: string;
	readonly title: string;
	/** What a reader has to know beside the lines. */
	readonly note?: string;
	readonly trust: readonly string[];
	readonly takeBack: readonly string[];
}

export interface TrustedAuthority {
	/** The absolute path of its certificate, PEM. */
	readonly file: string;
	/** SHA-1 and SHA-256 of the certificate, hexadecimal without colons. */
	readonly sha1: string;
	readonly sha256: string;
	/** SHA-256 as people compare it: upper-case hexadecimal with colons. */
	readonly fingerprint256: string;
	readonly notAfter: Date;
}

/** An authority whose certificate is in a file. */
export function trustedAuthority({file, pem}: {readonly file: string; readonly pem: string}): TrustedAuthority {
	const {fingerprint, fingerprint256, validTo} = new X509Certificate(pem);
	const [sha1 = '', sha256 = ''] = [fingerprint, fingerprint256].map(text => text.replaceAll(':', ''));
	return {file, sha1, sha256, fingerprint256, notAfter: new Date(validTo)};
}

const REPLACES = 'in place of the authorities of the system: for commands that talk to load balancers alone';
const CERTUTIL = 'certutil is in the package libnss3-tools (Debian) or nss-tools (Fedora)';

/** Where Firefox keeps its profiles: Linux, snap, flatpak, macOS. */
const FIREFOX = [
	'"$HOME"/.mozilla/firefox/*/cert9.db',
	'"$HOME"/snap/firefox/common/.mozilla/firefox/*/cert9.db',
	'"$HOME"/.var/app/org.mozilla.firefox/.mozilla/firefox/*/cert9.db',
	'"$HOME"/Library/"Application Support"/Firefox/Profiles/*/cert9.db',
].join(' ');

/**
 * The lines for every system and program that is known, `sh` but for Windows.
 *
 * @param windows whether variables are set as PowerShell does.
 */
export function trustLines(
	authority: Pick<TrustedAuthority, 'file' | 'sha1' | 'sha256'>,
	windows: boolean,
): TrustLines[] {
	return [...stores(authority), ...programs(authority, windows)];
}

/** Stores of systems and browsers. What is added is named so that it alone can be taken out again. */
function stores({file, sha1, sha256}: Pick<TrustedAuthority, 'file' | 'sha1' | 'sha256'>): TrustLines[] {
	const word = shellWord(file);
	const id = `lb-local-${sha256.slice(0, 12).toLowerCase()}`;
	const nss = 'sql:"$HOME"/.pki/nssdb';
	const inProfiles = (command: string) =>
		`for db in ${FIREFOX}; do [ -f "$db" ] && certutil -d sql:"\${db%/*}" ${command}; done`;
	const copied = `/usr/local/share/ca-certificates/${id}.crt`;
	const keychain = '"$HOME"/Library/Keychains/login.keychain-db';
	return [
		{
			name: 'chromium',
			title: 'Chromium and Chrome on Linux (NSS)',
			note: `${CERTUTIL}. On macOS and Windows they use the system's store`,
			trust: [
				'[ -f "$HOME"/.pki/nssdb/cert9.db ] || { mkdir -p "$HOME"/.pki/nssdb && certutil -d sql:"$HOME"/.pki/nssdb -N --empty-password; }',
				`certutil -d ${nss} -A -t C,, -n ${id} -i ${word}`,
			],
			takeBack: [`certutil -d ${nss} -D -n ${id}`],
		},
		{
			name: 'firefox',
			title: 'Firefox (NSS), every profile',
			note: `${CERTUTIL}. Close Firefox before`,
			trust: [inProfiles(`-A -t C,, -n ${id} -i ${word}`)],
			takeBack: [inProfiles(`-D -n ${id}`)],
		},
		{
			name: 'debian',
			title: 'Debian, Ubuntu and others with update-ca-certificates',
			trust: [`sudo install -m 644 ${word} ${copied}`, 'sudo update-ca-certificates'],
			takeBack: [`sudo rm ${copied}`, 'sudo update-ca-certificates --fresh'],
		},
		{
			name: 'macos',
			title: 'macOS, the keychain of this user',
			trust: [`security add-trusted-cert -r trustRoot -k ${keychain} ${word}`],
			takeBack: [`security remove-trusted-cert ${word}`, `security delete-certificate -Z ${sha1} ${keychain}`],
		},
		{
			name: 'windows',
			title: 'Windows, the store of this user (PowerShell)',
			trust: [`Import-Certificate -CertStoreLocation Cert:\\CurrentUser\\Root -FilePath ${powershellWord(file)}`],
			takeBack: [`Remove-Item Cert:\\CurrentUser\\Root\\${sha1}`],
		},
		{
			name: 'java',
			title: 'Java, the JDK whose keytool this is',
			note: 'with sudo where the JDK belongs to root; changeit is the password that JDKs come with',
			trust: [`keytool -importcert -noprompt -cacerts -storepass changeit -alias ${id} -file ${word}`],
			takeBack: [`keytool -delete -cacerts -storepass changeit -alias ${id}`],
		},
	];
}

/** Programs that read a variable. */
function programs({file}: Pick<TrustedAuthority, 'file'>, windows: boolean): TrustLines[] {
	const set = (name: string) =>
		windows ? `$env:${name} = ${powershellWord(file)}` : `export ${name}=${shellWord(file)}`;
	const unset = (name: string) => (windows ? `Remove-Item Env:${name}` : `unset ${name}`);
	const by = (...names: readonly string[]) => ({trust: names.map(set), takeBack: names.map(unset)});
	return [
		{name: 'node', title: 'Node', note: 'beside its own authorities', ...by('NODE_EXTRA_CA_CERTS')},
		{
			name: 'python',
			title: 'Python: ssl, and requests',
			note: REPLACES,
			...by('SSL_CERT_FILE', 'REQUESTS_CA_BUNDLE'),
		},
		{name: 'curl', title: 'curl', note: REPLACES, ...by('CURL_CA_BUNDLE')},
		{name: 'git', title: 'git', note: REPLACES, ...by('GIT_SSL_CAINFO')},
	];
}

/** Any text as one word of PowerShell, which also ends a word at the quotation marks of typography. */
function powershellWord(text: string): string {
	return `'${text.replaceAll(/['‘’‚‛]/g, '$&$&')}'`;
}
