import {isIP} from '../base/ip.ts';
import {bitString, der, integer, objectIdentifier, octetString, sequence, set, utf8, yes} from './der.ts';

/** An extension of a certificate with its value. @see RFC 5280, section 4.2.1 */
export type Extension = {readonly critical?: boolean} & (
	| {readonly name: 'basicConstraints'; readonly cA: boolean; readonly pathLenConstraint?: number}
	| ({readonly name: 'keyUsage'} & {readonly [use in keyof typeof KEY_USES]?: boolean})
	| ({readonly name: 'extKeyUsage'} & {readonly [purpose in keyof typeof PURPOSES]?: boolean})
	| {readonly name: 'subjectAltName'; readonly names: readonly string[]}
);

export const SUBJECT_KEY_IDENTIFIER = '2.5.29.14';

const IDS: Readonly<Record<Extension['name'], string>> = {
	basicConstraints: '2.5.29.19',
	keyUsage: '2.5.29.15',
	extKeyUsage: '2.5.29.37',
	subjectAltName: '2.5.29.17',
};

// RFC 5280, section 4.2.1.3: bit 0 is the first of the byte.
const KEY_USES = {digitalSignature: 0x80, keyEncipherment: 0x20, keyCertSign: 0x04, cRLSign: 0x02};

// RFC 5280, section 4.2.1.12.
const PURPOSES = {serverAuth: '1.3.6.1.5.5.7.3.1', clientAuth: '1.3.6.1.5.5.7.3.2'};

// X.520.
const ATTRIBUTES: Readonly<Record<string, string>> = {commonName: '2.5.4.3', organizationName: '2.5.4.10'};

export function encodeExtension(extension: Extension): Buffer {
	const critical = extension.critical === true ? [yes()] : [];
	return sequence(objectIdentifier(IDS[extension.name]), ...critical, octetString(contentOf(extension)));
}

/** A distinguished name. As UTF8String, because PrintableString has neither "*" nor "_". */
export function encodeName(attributes: Readonly<Record<string, string>>): Buffer {
	return sequence(
		...Object.entries(attributes).map(([name, value]) =>
			set(sequence(objectIdentifier(ATTRIBUTES[name] ?? name), utf8(value))),
		),
	);
}

function contentOf(extension: Extension): Buffer {
	switch (extension.name) {
		case 'basicConstraints': {
			const {cA, pathLenConstraint} = extension;
			const length = pathLenConstraint === undefined ? [] : [integer(Buffer.of(pathLenConstraint))];
			return cA ? sequence(yes(), ...length) : sequence();
		}
		case 'keyUsage': {
			const uses = Object.entries(KEY_USES).filter(([use]) => extension[use as keyof typeof KEY_USES] === true);
			const bits = uses.reduce((sum, [, bit]) => sum | bit, 0);
			// X.690, section 11.2.2: trailing zero bits are left out. A non-zero byte has at most 7 of them.
			return bits === 0 ? bitString(Buffer.alloc(0)) : bitString(Buffer.of(bits), 31 - Math.clz32(bits & -bits));
		}
		case 'extKeyUsage': {
			const purposes = Object.entries(PURPOSES).filter(([use]) => extension[use as keyof typeof PURPOSES] === true);
			return sequence(...purposes.map(([, id]) => objectIdentifier(id)));
		}
		case 'subjectAltName':
			// RFC 5280, section 4.2.1.6: dNSName is 2, iPAddress 7.
			return sequence(
				...extension.names.map(name =>
					isIP(name) === 0 ? der(0x82, Buffer.from(name, 'latin1')) : der(0x87, addressBytes(name)),
				),
			);
	}
}

/** Four bytes of IPv4, sixteen of IPv6. */
function addressBytes(address: string): Buffer {
	if (isIP(address) === 4) return Buffer.from(address.split('.').map(Number));
	// In a URL, IPv6 has no dots.
	const [left = '', right] = new URL(`http://[${address}]`).hostname.slice(1, -1).split('::');
	const groups = (text: string | undefined) => (text ? text.split(':') : []).map(group => Number.parseInt(group, 16));
	const [before, after] = [groups(left), groups(right)];
	const zeros = Array.from({length: 8 - before.length - after.length}, () => 0);
	return Buffer.from([...before, ...zeros, ...after].flatMap(group => [group >> 8, group & 0xff]));
}
