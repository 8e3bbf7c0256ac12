import * as v from 'valibot';
import type {ListenerSpec} from '../model/listener.ts';
import {stickiness} from './schema-balancing.ts';
import {flag, isText, LATER, optional, text} from './schema-values.ts';

const listenText = v.pipe(
	// Only text or not; what it says is read by the model, which finds every fault in it.
	v.custom<ListenerSpec>(isText, 'a listener; write text such as "https:443 -> http:80"'),
	v.metadata({
		type: 'string',
		pattern: '^(https?|tcp|ssl):\\d{1,5}(\\s*->\\s*(https?|tcp|ssl)(:\\d{1,5})?)?$',
		examples: ['https:443 -> http:80', 'ssl:6379 -> tcp', 'tcp:443'],
	}),
);

const pemPair = v.pipe(
	v.strictObject(
		{
			cert: text,
			key: text,
			chain: v.exactOptional(text),
			// What else an issued certificate says of itself, so that it can stand here as it is.
			names: v.exactOptional(v.unknown()),
			notBefore: v.exactOptional(v.unknown()),
			notAfter: v.exactOptional(v.unknown()),
			fingerprint256: v.exactOptional(v.unknown()),
		},
		'a PEM pair {cert, key, chain}',
	),
	v.description('PEM text of a certificate and its private key.'),
);

const namesToIssue = v.pipe(
	v.strictObject({names: v.array(text, 'a list of names')}, 'a certificate to issue {names}'),
	v.description('Issued by the local authority for these names and addresses.'),
);

const certificateOfListener = v.union(
	// An object with nothing but names is one to issue; with a key or more of a pair it is a pair.
	[v.string(), namesToIssue, pemPair],
	'a certificate; write a name out of `certificates`, {names} to issue one, or PEM text as {cert, key, chain}',
);

const listenerObject = v.pipe(
	v.strictObject(
		{
			listen: listenText,
			certificate: optional('HTTPS and SSL only. Omitted: the local authority issues one.', certificateOfListener),
			tls: optional(
				'What clients may negotiate. HTTPS and SSL only.',
				v.strictObject(
					{
						minVersion: v.exactOptional(
							v.picklist(
								['TLSv1', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3'],
								'a TLS version; allowed are "TLSv1", "TLSv1.1", "TLSv1.2" or "TLSv1.3"',
							),
						),
						ciphers: optional('An OpenSSL cipher list.', text),
					},
					'TLS settings; write {minVersion, ciphers}',
				),
			),
			proxyProtocol: optional('Sends a PROXY v1 line at the start of each back-end connection.', flag),
			stickiness: optional('Keeps a client at one back-end. HTTP and HTTPS only.', stickiness),
			verifyBackend: optional(
				'Verifies the certificates of HTTPS and SSL back-ends.',
				v.union(
					[
						flag,
						v.strictObject({ca: text, servername: v.exactOptional(text)}, 'back-end verification {ca, servername}'),
					],
					'back-end verification; write true, false or {ca, servername}',
				),
			),
		},
		'a listener; write text such as "https:443 -> http:80", or {listen, certificate, …}',
	),
	v.metadata({refused: {policies: LATER}}),
);

/** A listener: its text, or an object with more to say. */
export const listener = v.union(
	[listenText, listenerObject],
	'a listener; write text such as "https:443 -> http:80", or {listen, certificate, …}',
);
