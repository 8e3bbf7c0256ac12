import type {FakeBehaviour, NormalisedFake} from '../model/normalised.ts';
import {describeBackendTls} from './describe-backend-tls.ts';
import {find, type Place, within} from './place.ts';
import type {Partly} from './read-shape.ts';
import type {BackendSpec} from './spec-backend.ts';
import {validateReply} from './validate-reply.ts';

export type FakeShape = Exclude<
	Partly<Exclude<BackendSpec, string | number>>,
	{readonly kind?: 'address' | 'command' | undefined}
>;

/** Validates one fake back-end whose shape has been read. */
export function describeFake(shape: FakeShape, name: string, place: Place): NormalisedFake {
	if (shape.kind === 'reply') validateReply(shape, place);
	if (shape.kind === 'har' && shape.file?.trim() === '') {
		find(place, ['file'], {message: 'the path is empty; write that of a HAR file'});
	}
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
