import {listMembers} from '../../codec/http1-grammar.ts';
import type {RequestHead} from '../../codec/request-head.ts';
import type {ResponseHead} from '../../codec/response-head.ts';
import type {UpgradePolicy} from '../../model/resolved.ts';

/** Whether the request for another protocol is passed on to the back-end (RFC 9110 section 7.8). */
export function passesUpgrade({upgrade}: RequestHead, policy: UpgradePolicy): boolean {
	return upgrade !== '' && policy === 'tunnel';
}

/** Whether every protocol that a 101 switches to is one that was asked for. */
export function isOffered(protocols: string, {upgrade}: RequestHead): boolean {
	const asked = listMembers(upgrade);
	const given = listMembers(protocols);
	return given.length > 0 && given.every(protocol => asked.includes(protocol));
}

/** A 101 as the client gets it, latin1. */
export function switchingText({reason, fields, upgrade}: ResponseHead): string {
	return `HTTP/1.1 101 ${reason}\r\n${fields}Connection: Upgrade\r\nUpgrade: ${upgrade}\r\n\r\n`;
}
