import * as v from 'valibot';
import {alternatives} from '../base/suggest.ts';
import {TLS_DEFECTS} from '../model/tls-defect.ts';
import {answerFields, replyStep} from './schema-reply.ts';
import {barePort, count, duration, flag, KEY_IS_NAME, optional, port, text} from './schema-values.ts';
import type {BackendSpec} from './spec-backend.ts';

const backendTls = v.strictObject(
	{
		names: optional('Names and addresses in its certificate.', v.array(text, 'a list of names')),
		clientAuth: optional(
			'Asks each client for a certificate; require = one without a trusted certificate is refused.',
			v.union([flag, v.literal('require')], 'true, false or "require"'),
		),
		clientCa: optional("PEM of the authorities of clients; the emulator's own unless said otherwise.", text),
		defect: optional(
			'What is wrong with its certificate.',
			v.picklist(TLS_DEFECTS, `a defect of a certificate; allowed are ${alternatives(TLS_DEFECTS)}`),
		),
	},
	'TLS of a back-end {names, clientAuth, clientCa, defect}',
);
const tls = optional(
	'Serves TLS with its own certificate. detect = TLS or plain, by the first byte of each client.',
	v.union(
		[flag, v.literal('detect'), backendTls],
		'TLS of a back-end; write true, false, "detect" or {names, clientAuth, clientCa, defect}',
	),
);
const proxyProtocol = optional(
	'What is made of a PROXY header, version 1 or 2: off = it is payload; accept = it is read when there is one; require = a connection without one is closed. off unless said otherwise.',
	v.picklist(['off', 'accept', 'require'], 'a way to treat PROXY headers; allowed are "off", "accept" or "require"'),
);
const ofEveryFake = {tls, proxyProtocol};

const replyFields = {
	kind: v.literal('reply'),
	...answerFields,
	script: optional(
		'Answers in order; the last one is repeated. What a step leaves out is as in the reply itself.',
		v.array(replyStep, 'a list of answers; write [{status: 503, times: 2}, {status: 200}]'),
	),
	keepAlive: optional('How long it keeps an idle connection open.', duration),
	...ofEveryFake,
};
const harFields = {
	kind: v.literal('har'),
	file: v.pipe(text, v.description('The path of a HAR file, relative to this file.')),
	timings: optional('Takes as long as was recorded: the wait for an answer, and the time its body took.', flag),
	...ofEveryFake,
};
const modes = v.picklist(
	['echo', 'sink', 'source', 'banner'],
	'a mode; allowed are "echo", "sink", "source" or "banner"',
);
const dataOrText = v.union([text, v.instance(Uint8Array, 'text or bytes')], 'text or bytes');
const ports = optional(
	"Ports by the listener's back-end port.",
	v.record(v.string(), port, 'ports; write {80: 3001, 443: 3444}'),
);
const commandFields = {
	kind: v.literal('command'),
	run: text,
	port: optional('A free one unless said otherwise.', port),
};
const addressFields = {host: text, port: optional("One port for every listener's traffic.", port), ports};
const handlerOfRequests = v.custom<Extract<BackendSpec, {kind: 'handler'}>['handler']>(isFunction, 'a function');
const handlerOfSockets = v.custom<Extract<BackendSpec, {kind: 'socket'}>['handler']>(isFunction, 'a function');

const BACKEND = 'a back-end; write an address such as "127.0.0.1:3000", a port such as 3000, or {kind, …}';
const name = v.exactOptional(text);
const ofLibrary = {count: 'belongs to the config file; here, list each back-end'};
/** A header can be put before any server's connections; whether a real one reads it is its own matter. */
const notFake = {
	proxyProtocol:
		"belongs to fake back-ends; a server of your own reads the header itself, and a listener's proxyProtocol sends it",
};
const ofLibraryNotFake = {...ofLibrary, ...notFake};
/** A back-end as the library takes it. */
export const backend = v.union(
	[
		text,
		barePort,
		v.variant(
			'kind',
			[
				v.pipe(v.strictObject({kind: v.literal('echo'), name, ...ofEveryFake}), v.metadata({refused: ofLibrary})),
				v.pipe(v.strictObject({...replyFields, name}), v.metadata({refused: ofLibrary})),
				v.pipe(v.strictObject({...harFields, name}), v.metadata({refused: ofLibrary})),
				v.pipe(
					v.strictObject({kind: v.literal('handler'), handler: handlerOfRequests, name, ...ofEveryFake}),
					v.metadata({refused: ofLibrary}),
				),
				v.pipe(
					v.strictObject({
						kind: v.literal('tcp'),
						mode: modes,
						data: v.exactOptional(dataOrText),
						name,
						...ofEveryFake,
					}),
					v.metadata({refused: ofLibrary}),
				),
				v.pipe(
					v.strictObject({kind: v.literal('socket'), handler: handlerOfSockets, name, ...ofEveryFake}),
					v.metadata({refused: ofLibrary}),
				),
				v.pipe(v.strictObject({...commandFields, name}), v.metadata({refused: ofLibraryNotFake})),
				v.pipe(
					v.strictObject({kind: v.literal('address'), ...addressFields, name}),
					v.metadata({refused: ofLibraryNotFake}),
				),
			],
			BACKEND,
		),
	],
	BACKEND,
);

const counted = {count: optional('As many of it: app-1, app-2 and so on.', count)};
const ofConfig = {name: KEY_IS_NAME};
const ofConfigNotFake = {...ofConfig, ...notFake};
/** A back-end of the configuration file, where the key above is its name. */
export const backendOfConfig = v.union(
	[
		text,
		barePort,
		v.variant(
			'kind',
			[
				v.pipe(v.strictObject({kind: v.literal('echo'), ...ofEveryFake, ...counted}), v.metadata({refused: ofConfig})),
				v.pipe(v.strictObject({...replyFields, ...counted}), v.metadata({refused: ofConfig})),
				v.pipe(v.strictObject({...harFields, ...counted}), v.metadata({refused: ofConfig})),
				v.pipe(
					v.strictObject({
						kind: v.literal('tcp'),
						mode: modes,
						data: v.exactOptional(text),
						...ofEveryFake,
						...counted,
					}),
					v.metadata({refused: ofConfig}),
				),
				v.pipe(v.strictObject({...commandFields, ...counted}), v.metadata({refused: ofConfigNotFake})),
			],
			BACKEND,
		),
		v.pipe(v.strictObject(addressFields), v.metadata({refused: ofConfigNotFake})),
	],
	'a back-end; write an address such as "127.0.0.1:3000", a port such as 3000, {kind, …} for a fake one, or {host, port, ports}',
);

function isFunction(value: unknown): boolean {
	return typeof value === 'function';
}
