import type {NormalisedBackend} from '../model/normalised.ts';
import type {HarBackend} from './spec-backend.ts';

/** What a `har` back-end does. */
export interface HarBehaviour extends Pick<HarBackend, 'kind' | 'file' | 'timings'> {
	/** Of what the file held when it was validated: another content makes another back-end. */
	readonly sha256?: string;
}

/** The behaviour of a back-end that answers as recorded; undefined for any other. */
export function harOf(backend: NormalisedBackend): HarBehaviour | undefined {
	if (backend.kind !== 'fake' || backend.behaviour.kind !== 'har') return undefined;
	// The model keeps behaviours without looking into them; this is what `describe-fake.ts` has validated. What was wrong
	// by its type is missing, and has been told.
	const {file = '', ...others} = backend.behaviour as Partial<HarBehaviour>;
	return {...others, kind: 'har', file};
}

/** The same back-end with another behaviour. */
export function withHar(backend: NormalisedBackend, behaviour: HarBehaviour): NormalisedBackend {
	return backend.kind === 'fake' ? {...backend, behaviour} : backend;
}
