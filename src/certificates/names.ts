import type {Violation} from '../base/errors.ts';
import {CERTIFICATE_NAMES, readCertificateName} from '../base/host-name.ts';

/**
 * The names of a certificate in the form that they have in it: host names in lower case, IPv6 addresses as in RFC 5952,
 * without repetitions.
 *
 * @returns the names in order, or every violation; paths are indexes into `names`.
 */
export function readNames(names: readonly string[]): {names: readonly string[]} | {violations: Violation[]} {
	// JavaScript and YAML are not type-checked.
	if (!Array.isArray(names) || names.length === 0) {
		return {violations: [{path: [], message: `a certificate needs at least one name: ${CERTIFICATE_NAMES}`}]};
	}
	const violations: Violation[] = [];
	const read = new Set<string>();
	for (const [index, name] of names.entries()) {
		const result = readCertificateName(name);
		if (typeof result === 'string') read.add(result);
		else violations.push({path: [index], ...result});
	}
	return violations.length > 0 ? {violations} : {names: [...read]};
}
