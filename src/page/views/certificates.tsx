import {CopyButton} from '../parts/copy-button.tsx';
import {usePage} from '../parts/hooks.ts';
import {Badge, Text} from '../parts/text.tsx';
import {countOf, daysUntil} from '../time.ts';
import type {ListenerState} from '../wire.ts';

/** Fewer days than these are worth a warning. */
const SOON = 30;

/** The certificates that listeners show, and the authority. */
export function CertificatesView() {
	const {store} = usePage();
	const shown = (store.state?.loadBalancers ?? []).flatMap(({name, listeners}) =>
		listeners.flatMap(({port, certificate}) => (certificate === undefined ? [] : [{name, port, certificate}])),
	);
	return (
		<>
			<h2>Certificates</h2>
			{shown.length === 0 && <p class="empty">No listener takes TLS off, so there is no certificate.</p>}
			{shown.map(({name, port, certificate}) => (
				<section key={`${name}:${port}`} class="card" aria-label={`Certificate of ${name}:${port}`}>
					<h3>
						<Text of={`${name}:${port}`} /> <Life certificate={certificate} />
					</h3>
					<dl>
						<dt>Names</dt>
						<dd>
							<Text of={certificate.names.join(', ')} most={2000} />
						</dd>
						<dt>Ends</dt>
						<dd>{certificate.notAfter.replace('T', ' ').replace(/\.\d+Z$/, ' UTC')}</dd>
						<dt>SHA-256</dt>
						<dd class="code">
							<Text of={certificate.fingerprint256} />
						</dd>
					</dl>
					{certificate.warnings.map(text => (
						<p key={text} class="bad-text">
							<Text of={text} most={1000} />
						</p>
					))}
				</section>
			))}
			<Authority endpoint={store.state?.endpoint ?? ''} />
		</>
	);
}

function Life({certificate}: {readonly certificate: NonNullable<ListenerState['certificate']>}) {
	const {store} = usePage();
	const days = daysUntil(certificate.notAfter, store.nowMs);
	if (days < 0) return <Badge kind="bad">{`ended ${countOf(-days, 'day')} ago`}</Badge>;
	return <Badge kind={days < SOON ? 'busy' : 'good'}>{`${countOf(days, 'day')} left`}</Badge>;
}

const FILE = 'lb-local-ca.pem';

/** How clients are made to trust the authority, once it is in a file. */
const TRUST = [
	['curl', `curl --cacert ${FILE} …`],
	['Node', `export NODE_EXTRA_CA_CERTS="$PWD/${FILE}"`],
	['Python', `export SSL_CERT_FILE="$PWD/${FILE}" REQUESTS_CA_BUNDLE="$PWD/${FILE}"`],
	[
		'Java',
		`keytool -importcert -noprompt -alias lb-local -file ${FILE} -keystore lb-local.p12 -storetype PKCS12 -storepass changeit`,
	],
] as const;

function Authority({endpoint}: {readonly endpoint: string}) {
	const download = `curl -sfo ${FILE} ${endpoint}/_lb/ca.pem`;
	return (
		<section class="card" aria-label="Authority">
			<h3>The authority that signed what lb-local issues</h3>
			<p>
				<a href="ca.pem" download={FILE}>
					Download
				</a>{' '}
				it, or by a shell:
			</p>
			<dl>
				{[['Shell', download] as const, ...TRUST].map(([name, line]) => (
					<>
						<dt>{name}</dt>
						<dd>
							<code>{line}</code>{' '}
							<CopyButton text={() => line} what={`the line for ${name}`}>
								Copy
							</CopyButton>
						</dd>
					</>
				))}
			</dl>
			<p class="quiet">
				<code>lb-local trust</code> has the lines for systems and browsers.
			</p>
		</section>
	);
}
