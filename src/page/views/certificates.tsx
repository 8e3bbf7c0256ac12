import {CopyLine, WithConnection} from '../parts/connection.tsx';
import {CopyButton} from '../parts/copy-button.tsx';
import {usePage} from '../parts/hooks.ts';
import {Some} from '../parts/some.tsx';
import {Badge, Text} from '../parts/text.tsx';
import {countOf, dateOf, daysUntil} from '../time.ts';
import type {Connection, ListenerState} from '../wire.ts';

/** Fewer days than these are worth a warning. */
const SOON = 30;

/** The certificates that listeners show, and the authority. */
export function CertificatesView() {
	const {store} = usePage();
	const all = (store.state?.loadBalancers ?? []).flatMap(({name, listeners}) =>
		listeners.flatMap(({port, certificate, certificateOrigin: origin}) =>
			certificate === undefined ? [] : [{name, port, certificate, origin}],
		),
	);
	return (
		<>
			<h2>Certificates</h2>
			{all.length === 0 && <p class="empty">No listener takes TLS off, so there is no certificate.</p>}
			<Some of={all}>
				{shown =>
					shown.map(({name, port, certificate, origin}) => (
						<section key={`${name}:${port}`} class="card" aria-label={`Certificate of ${name}:${port}`}>
							<h3>
								<Text of={`${name}:${port}`} /> <Life certificate={certificate} />
							</h3>
							<dl>
								<dt>Names</dt>
								<dd>
									<Text of={certificate.names.join(', ')} most={2000} />
								</dd>
								<dt>From</dt>
								<dd>{origin && ORIGINS[origin]}</dd>
								<dt>Ends</dt>
								<dd>{dateOf(certificate.notAfter)}</dd>
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
					))
				}
			</Some>
			<WithConnection>{connection => <Authority {...connection} />}</WithConnection>
		</>
	);
}

function Life({certificate}: {readonly certificate: NonNullable<ListenerState['certificate']>}) {
	const {store} = usePage();
	const days = daysUntil(certificate.notAfter, store.nowMs);
	if (days < 0) return <Badge kind="bad">{`ended ${countOf(-days, 'day')} ago`}</Badge>;
	return <Badge kind={days < SOON ? 'busy' : 'good'}>{`${countOf(days, 'day')} left`}</Badge>;
}

/** What each value says to people. */
const ORIGINS = {
	issued: 'issued by lb-local',
	file: 'given in a file of the configuration',
	account: 'given to the account, by an API of the cloud or the library',
	text: 'given as PEM text with its load balancer',
} as const;

/** Clients of programmers; systems and browsers are asked for more rarely. */
const FIRST: readonly string[] = ['curl', 'node', 'python', 'java'];

/** The authority of this instance, and the lines by which clients trust it. */
function Authority({authority, trust}: Connection) {
	const {store} = usePage();
	const first = FIRST.flatMap(name => trust.filter(each => each.name === name));
	const others = trust.filter(({name}) => !FIRST.includes(name));
	return (
		<section class="card" aria-label="Authority">
			<h3>The authority that signs what lb-local issues</h3>
			<dl>
				<dt>File</dt>
				<dd class="code">
					{authority.file}{' '}
					<a href="ca.pem" download="lb-local-ca.pem">
						Download
					</a>
				</dd>
				<dt>Ends</dt>
				<dd>{dateOf(authority.notAfter)}</dd>
				<dt>SHA-256</dt>
				<dd class="code">{authority.fingerprint256}</dd>
				<CopyLine
					name="From elsewhere"
					text={`curl -sfo lb-local-ca.pem ${store.state?.endpoint ?? ''}/_lb/ca.pem`}
					what="the line that downloads it"
				/>
			</dl>
			<h4>What makes clients trust it</h4>
			<TrustList of={first} />
			<details>
				<summary>Systems, browsers, git</summary>
				<TrustList of={others} />
			</details>
			<p class="quiet">
				<code>lb-local trust</code> has these lines, and those that take them back.
			</p>
		</section>
	);
}

function TrustList({of: all}: {readonly of: Connection['trust']}) {
	return (
		<dl class="stacked">
			{all.map(({name, title, note, trust: lines}) => (
				<div key={name}>
					<dt>
						{title}
						{note !== undefined && `; ${note}`}
					</dt>
					<dd>
						<code>{lines.join('\n')}</code> <CopyButton text={lines.join('\n')} what={`the line for ${name}`} />
					</dd>
				</div>
			))}
		</dl>
	);
}
