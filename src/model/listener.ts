import type {Violation} from '../base/errors.ts';
import {isPrivateKey, quote} from '../base/quote.ts';
import {alternatives, didYouMean} from '../base/suggest.ts';

/** The four protocols a listener may have on either side. */
export const PROTOCOLS = ['http', 'https', 'tcp', 'ssl'] as const;
export type Protocol = (typeof PROTOCOLS)[number];

/**
 * A listener in one string: `https:443 -> http:80`, `ssl:443 -> tcp` (the same port on both sides),
 * `tcp:443` (the same protocol and port on both sides). A typo in a protocol does not compile.
 */
export type ListenerSpec =
	| `${Protocol}:${number}`
	| `${Protocol}:${number} -> ${Protocol}`
	| `${Protocol}:${number} -> ${Protocol}:${number}`;

/** What a listener string says. Ports are logical: what the user wrote, not what was bound. */
export interface ListenerPorts {
	readonly protocol: Protocol;
	readonly port: number;
	readonly backendProtocol: Protocol;
	/** The port of the back-ends this listener's traffic goes to (`BackendPort`). */
	readonly backendPort: number;
}

/** 1 to 65535: OUTSCALE API 1.40, ListenerForCreation.LoadBalancerPort and .BackendPort. */
const MAX_PORT = 65_535;

const SHAPE = '"protocol:port -> protocol:port", such as "https:443 -> http:80"';

/** Whether TLS is spoken under this protocol's name. */
export function isSecure(protocol: Protocol): boolean {
	return protocol === 'https' || protocol === 'ssl';
}

/** Whether requests (layer 7), not connections (layer 4), are balanced. */
export function isHttp(protocol: Protocol): boolean {
	return protocol === 'http' || protocol === 'https';
}

/** `https:443 -> http:80`. */
export function formatListener({protocol, port, backendProtocol, backendPort}: ListenerPorts): string {
	return `${protocol}:${port} -> ${backendProtocol}:${backendPort}`;
}

/**
 * Reads a listener string, and validates it: ports 1 to 65535, known protocols, one layer.
 *
 * Spaces around the arrow are optional and the case of a protocol is ignored, so that `HTTPS:443->HTTP:80` reads too.
 *
 * @returns the listener, or every violation found in it; their paths are empty.
 */
export function readListener(text: string): {listener: ListenerPorts} | {violations: Violation[]} {
	const sides = text.split('->').map(side => side.trim());
	// A piece of a private key would not be known as one.
	if (sides.length > 2 || sides.some(side => side === '') || isPrivateKey(text)) {
		return {violations: [{path: [], message: `${quote(text)} is not a listener; write ${SHAPE}`}]};
	}

	const violations: Violation[] = [];
	const front = readSide(sides[0] ?? '', 'front', violations);
	const back = sides[1] === undefined ? front : readSide(sides[1], 'back-end', violations);
	if (
		front.protocol === undefined ||
		front.port === undefined ||
		back.protocol === undefined ||
		violations.length > 0
	) {
		return {violations};
	}

	const listener = {
		protocol: front.protocol,
		port: front.port,
		backendProtocol: back.protocol,
		backendPort: back.port ?? front.port,
	};
	const crossing = violationOfLayers(listener);
	return crossing === undefined ? {listener} : {violations: [crossing]};
}

/**
 * HTTP and HTTPS go with HTTP and HTTPS, TCP and SSL with TCP and SSL.
 *
 * @see OUTSCALE error 4054 invalid-protocol-layer; AWS Classic ELB, Listener API type.
 */
export function violationOfLayers({protocol, backendProtocol}: ListenerPorts): Violation | undefined {
	if (isHttp(protocol) === isHttp(backendProtocol)) return undefined;
	const allowed = isHttp(protocol) ? ['http', 'https'] : ['tcp', 'ssl'];
	return {
		path: [],
		message: `a listener cannot cross layers: ${protocol} in front goes with ${alternatives(allowed)} towards the back-ends, not with "${backendProtocol}"`,
	};
}

/** Listeners that share a port with an earlier one; `path` is the index of the later one. */
export function violationsOfSharedPorts(listeners: readonly (ListenerPorts | undefined)[]): Violation[] {
	const violations: Violation[] = [];
	const owners = new Map<number, number>();
	for (const [index, listener] of listeners.entries()) {
		if (listener === undefined) continue;
		const owner = owners.get(listener.port);
		if (owner === undefined) owners.set(listener.port, index);
		else {
			violations.push({
				path: [index],
				message: `two listeners on port ${listener.port}: listeners[${owner}] has it already`,
				hint: 'one port carries one listener; give this one another port',
			});
		}
	}
	return violations;
}

interface Side {
	readonly protocol: Protocol | undefined;
	readonly port: number | undefined;
}

function readSide(text: string, where: 'front' | 'back-end', violations: Violation[]): Side {
	const match = /^([^:\s]*)\s*(?::\s*(\S*))?$/.exec(text);
	if (match === null) {
		violations.push({path: [], message: `${quote(text)} is not a ${where} of a listener; write ${SHAPE}`});
		return {protocol: undefined, port: undefined};
	}
	return {protocol: readProtocol(match[1] ?? '', violations), port: readPort(match[2], text, where, violations)};
}

function readProtocol(text: string, violations: Violation[]): Protocol | undefined {
	const protocol = PROTOCOLS.find(candidate => candidate === text.toLowerCase());
	if (protocol === undefined) {
		violations.push({
			path: [],
			message: `unknown protocol ${quote(text)}; allowed are ${alternatives(PROTOCOLS)}`,
			hint: didYouMean(text, PROTOCOLS),
		});
	}
	return protocol;
}

function readPort(text: string | undefined, side: string, where: string, violations: Violation[]): number | undefined {
	if (text === undefined) {
		if (where === 'front') violations.push({path: [], message: `${quote(side)} lacks its port; write ${SHAPE}`});
		return undefined;
	}
	const port = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
	if (port >= 1 && port <= MAX_PORT) return port;
	violations.push({
		path: [],
		message: `${where} port ${quote(text)} is not a port; allowed are 1 to ${MAX_PORT}`,
	});
	return undefined;
}
