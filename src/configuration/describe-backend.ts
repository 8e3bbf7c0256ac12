import {show} from '../base/quote.ts';
import type {NormalisedAddress, NormalisedBackend} from '../model/normalised.ts';
import {describeFake} from './describe-fake.ts';
import {readAddress, readHost} from './host-names.ts';
import {find, type Place} from './place.ts';
import type {Partly} from './read-shape.ts';
import {isPort} from './schema-values.ts';
import type {AddressBackend, BackendSpec} from './spec-backend.ts';

/**
 * Validates one back-end whose shape has been read.
 *
 * @param name what it is called unless it says so itself: in a configuration its key, in the library its letter.
 * @returns undefined when there is too little to go on; what is returned counts only if nothing was found.
 */
export function describeBackend(
	shape: Partly<BackendSpec> | undefined,
	name: string | undefined,
	place: Place,
): NormalisedBackend | undefined {
	if (shape === undefined) return undefined;
	if (typeof shape === 'string' || typeof shape === 'number') return describeAddressText(`${shape}`, name, place);
	const given = shape.name ?? name ?? '';
	if (shape.name !== undefined) validateName(shape.name, place);
	switch (shape.kind) {
		case undefined:
			return undefined;
		case 'address':
			return describeAddress(shape, shape.name, place);
		case 'command':
			if (shape.run?.trim() === '') find(place, ['run'], {message: 'the command is empty; write what to run'});
			return {kind: 'command', name: given, run: shape.run ?? '', port: shape.port};
		default:
			return describeFake(shape, given, place);
	}
}

/** The `n` fakes that a number of back-ends stands for. */
export function echoBackends(count: number): NormalisedBackend[] {
	return Array.from({length: count}, (_, index) => ({
		kind: 'fake',
		name: letterOf(index),
		behaviour: {kind: 'echo'},
		tls: 'detect',
		proxyProtocol: 'off',
	}));
}

/** a to z, aa, ab and so on. */
export function letterOf(index: number): string {
	const last = String.fromCharCode(97 + (index % 26));
	return index < 26 ? last : letterOf(Math.floor(index / 26) - 1) + last;
}

/** Validates a back-end's address; without a name it is called by its host and port. */
export function describeAddress(
	{host, port, ports}: Partly<Omit<AddressBackend, 'kind' | 'name'>>,
	name: string | undefined,
	place: Place,
): NormalisedAddress {
	const readable = host === undefined ? undefined : readHost(host);
	if (host !== undefined && readable === undefined) {
		const read = readAddress(host);
		find(place, ['host'], {
			message: `${show(host)} is not a host; write an IP address or a host name`,
			hint: 'host' in read && read.port !== undefined ? `write {host: ${read.host}, port: ${read.port}}` : undefined,
		});
	}
	const byPort = new Map<number, number>();
	for (const [key, value] of Object.entries(ports ?? {})) {
		const backendPort = /^\d{1,5}$/.test(key) ? Number(key) : Number.NaN;
		if (isPort(backendPort) && value !== undefined) byPort.set(backendPort, value);
		else if (!isPort(backendPort)) {
			find(place, ['ports', key], {message: `${show(key)} is not a back-end port; allowed are 1 to 65535`, at: 'key'});
		}
	}
	return {
		kind: 'address',
		name: name ?? (port === undefined ? (host ?? '') : `${host}:${port}`),
		host: readable ?? '',
		port,
		ports: byPort,
	};
}

/** Validates what a back-end is called, where it says so itself. */
export function validateBackendName(name: string, place: Place, at?: 'key'): void {
	if (/^[^\s\p{Cc}]{1,100}$/u.test(name)) return;
	find(place, [], {
		message: `${show(name)} is not a back-end's name; allowed are 1 to 100 characters without blanks`,
		at,
	});
}

function validateName(name: string, {path, findings}: Place): void {
	validateBackendName(name, {path: [...path, 'name'], findings});
}

function describeAddressText(text: string, name: string | undefined, place: Place): NormalisedBackend | undefined {
	const read = readAddress(text);
	if ('message' in read) {
		find(place, [], read);
		return undefined;
	}
	return {kind: 'address', name: name ?? text, ...read, ports: new Map()};
}
