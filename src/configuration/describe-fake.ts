import {millisecondsIn} from '../base/duration.ts';
import {show} from '../base/quote.ts';
import type {FakeBehaviour, NormalisedFake} from '../model/normalised.ts';
import {describeBackendTls} from './describe-backend-tls.ts';
import {find, type Place, within} from './place.ts';
import type {Partly} from './read-shape.ts';
import {MAX_DURATION_MS} from './schema-values.ts';
import type {BackendSpec, ReplyBackend} from './spec-backend.ts';

export type FakeShape = Exclude<
	Partly<Exclude<BackendSpec, string | number>>,
	{readonly kind?: 'address' | 'command' | undefined}
>;

/** Validates one fake back-end whose shape has been read. */
export function describeFake(shape: FakeShape, name: string, place: Place): NormalisedFake {
	if (shape.kind === 'reply') validateReply(shape, place);
	if (shape.kind === 'tcp' && shape.data !== undefined && (shape.mode === 'echo' || shape.mode === 'sink')) {
		find(place, ['data'], {
			message: `data goes with "source" and "banner" only; "${shape.mode}" sends none of its own`,
		});
	}
	const {name: _name, tls, proxyProtocol = 'off', ...behaviour} = shape;
	return {
		kind: 'fake',
		name,
		// A shape with holes never gets out: its holes are findings.
		behaviour: behaviour as FakeBehaviour,
		tls: describeBackendTls(tls, within(place, 'tls')),
		proxyProtocol,
	};
}

function validateReply(reply: Partly<ReplyBackend>, place: Place): void {
	const {status, headers} = reply;
	if (status !== undefined && !(Number.isInteger(status) && status >= 200 && status <= 599)) {
		find(place, ['status'], {message: `${status} is not the status of an answer; allowed are 200 to 599`});
	}
	for (const [name, value] of Object.entries(headers ?? {})) {
		// token: RFC 9110 section 5.6.2; field values: section 5.5.
		if (!/^[\w!#$%&'*+.^`|~-]+$/.test(name)) {
			find(place, ['headers', name], {message: `${show(name)} is not a header name`, at: 'key'});
		} else if (value !== undefined && !/^[\t\x20-\x7e\x80-\xff]*$/.test(value)) {
			find(place, ['headers', name], {message: `${show(value)} is not a header value: no line breaks, Latin-1 only`});
		}
	}
	for (const key of ['delay', 'keepAlive'] as const) {
		if ((millisecondsIn(reply[key]) ?? 0) > MAX_DURATION_MS) {
			find(place, [key], {message: `${show(reply[key])} is too long; allowed are up to ${MAX_DURATION_MS} ms`});
		}
	}
}
