import {show} from '../base/quote.ts';
import {find, type Place} from './place.ts';

/** What to do with a certificate that is in a file. */
export const FILES_HINT = 'certificates in files go under `certificates` of a configuration, and are named here';

/** Validates that a text is PEM; what the certificates in it say is looked at later. */
export function validateCertificatePem(
	text: string | undefined,
	keys: readonly string[],
	place: Place,
	hint = FILES_HINT,
): void {
	if (text === undefined || text.includes('-----BEGIN ')) return;
	find(place, keys, {message: `${show(text)} is not PEM text of a certificate`, hint});
}
