// What the control port answers differs from run to run: ports that the system has chosen, dates, keys, temporary folders.
// Nothing of it is meant by a picture, and the shape of it stays: a port is another port, a date another date.
import {Buffer} from 'node:buffer';
import type {Emulator} from '../../src/index.ts';

/** When the scene ends in the pictures. */
export const SCENE_END_MS = Date.parse('2026-02-03T12:04:31.220Z');
const DAY_MS = 24 * 3600_000;

/** @returns makes of any answer of the scene's control port what it is in every run. */
export function steadyAnswers(emulator: Emulator): (text: string) => string {
	const shiftMs = SCENE_END_MS - emulator.clock.now();
	const ports = knownPorts(emulator);
	return text =>
		text
			.replaceAll(/\b\d{5}\b/g, port => ports.get(port) ?? port)
			.replaceAll(/\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z/g, date => shifted(date, shiftMs))
			.replaceAll(/\b[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT/g, new Date(SCENE_END_MS).toUTCString())
			.replaceAll(/"at":(\d{13})\b/g, (_, at: string) => `"at":${Number(at) + shiftMs}`)
			.replaceAll(/(?:[\dA-F]{2}:){31}[\dA-F]{2}/g, fingerprint())
			.replaceAll(/\b[\dA-F]{40}\b/g, fingerprint().replaceAll(':', '').slice(0, 40))
			.replaceAll(/\blb-local-[\da-f]{12}\b/g, 'lb-local-3a5c0f9d71be')
			.replaceAll(/[^"'\s]*\/lb-local-\w{6}(?=\/)/g, '/tmp/lb-local-k3V9wq');
}

/** What clients and the system have chosen, by what is shown instead: in the order of the scene. */
function knownPorts({endpoint, loadBalancers}: Emulator): ReadonlyMap<string, string> {
	const ports = new Map([[new URL(endpoint).port, '8089']]);
	let [backendPort, clientPort] = [41_001, 53_310];
	for (const {listeners, backends, traffic} of loadBalancers) {
		for (const {boundPort, port} of listeners) ports.set(`${boundPort}`, `${10_000 + port}`);
		for (const {address} of backends) ports.set(new URL(`http://${address}`).port, `${backendPort++}`);
		for (const {client} of traffic) if (!ports.has(`${client.port}`)) ports.set(`${client.port}`, `${clientPort++}`);
	}
	return ports;
}

/** Dates far away, such as the end of a certificate, are by whole days from the scene's end. */
function shifted(date: string, shiftMs: number): string {
	const atMs = Date.parse(date) + shiftMs;
	const days = Math.round((atMs - SCENE_END_MS) / DAY_MS);
	const steadyMs = Math.abs(days) > 1 ? SCENE_END_MS + days * DAY_MS : atMs;
	const [, digits = ''] = /\.(\d+)Z$/.exec(date) ?? [];
	const text = new Date(steadyMs).toISOString();
	return digits.length === 6 ? text.replace('Z', '000Z') : text;
}

function fingerprint(): string {
	const bytes = Uint8Array.from({length: 32}, (_, index) => (index * 37 + 90) % 256);
	return (Buffer.from(bytes).toString('hex').toUpperCase().match(/../g) ?? []).join(':');
}
