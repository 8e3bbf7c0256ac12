import {Text} from '../parts/text.tsx';
import type {WireExchange} from '../wire.ts';

type Tls = NonNullable<WireExchange['client']['tls']>;

/** The two connections: from the client, and to the back-end. */
export function Legs({exchange}: {readonly exchange: WireExchange}) {
	const {client, clientHello, backend} = exchange;
	return (
		<dl class="legs">
			<dt>Client leg</dt>
			<dd>
				<Text of={`${client.address}:${client.port}`} />
				{client.tls === undefined ? ', plain' : <TlsText {...client.tls} />}
				{clientHello !== undefined && <Hello {...clientHello} />}
			</dd>
			<dt>Back-end leg</dt>
			<dd>
				{backend === undefined ? (
					'none'
				) : (
					<>
						<Text of={`${backend.name} at ${backend.address}:${backend.port}`} />
						{backend.reused ? ', kept connection' : ', new connection'}
						{backend.tls === undefined ? ', plain' : <TlsText {...backend.tls} />}
						{backend.proxyLine !== undefined && (
							<>
								; begins with <Text of={backend.proxyLine} />
							</>
						)}
					</>
				)}
			</dd>
		</dl>
	);
}

function TlsText({version, cipher, alpn, sni, certificate, unverified}: Tls) {
	const parts = [
		version,
		cipher,
		...(sni === undefined ? [] : [`SNI ${sni}`]),
		...(alpn === undefined ? [] : [`ALPN ${alpn}`]),
		...(certificate === undefined ? [] : [`certificate ${certificate}`]),
		...(unverified === undefined ? [] : [`does not verify: ${unverified}`]),
	];
	return <Text of={`, ${parts.join(', ')}`} most={600} />;
}

function Hello({sni, alpn, version}: NonNullable<WireExchange['clientHello']>) {
	const offered = alpn.length === 0 ? '' : `, ALPN ${alpn.join(' ')}`;
	return <Text of={`; offers TLS through: ${version}, SNI ${sni ?? 'none'}${offered}`} most={600} />;
}
