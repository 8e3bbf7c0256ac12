import {EmulatorError} from '../base/errors.ts';
import {Refusal} from '../model/refusal.ts';

/** Why what runs could not follow, as an API says it. A bug stays what it is. */
export function asRefusal(error: unknown): unknown {
	if (error instanceof Refusal || !(error instanceof EmulatorError)) return error;
	const code = error.code === 'PORT_UNAVAILABLE' ? 'PORT_UNAVAILABLE' : 'DATA_PLANE_REFUSED';
	return new Refusal(code, error.hint === undefined ? error.message : `${error.message}. ${error.hint}`);
}
