import {withSecure} from '../../codec/cookies.ts';
import type {Framing} from '../../codec/http1-grammar.ts';
import type {ResponseHead} from '../../codec/response-head.ts';

/** How an answer's body is delimited for a client. */
export interface ClientFraming {
	/** The field that says so; empty when the back-end's own Content-Length does, or nothing does. */
	readonly coding: string;
	/** Whether the client can tell where it ends without the connection's end. */
	readonly delimited: boolean;
	/** Whether chunks are put around the bytes: the back-end ends its answer by closing. */
	readonly addsChunks: boolean;
}

const CODING = 'Transfer-Encoding: chunked\r\n';
const AS_IT_IS: ClientFraming = {coding: '', delimited: true, addsChunks: false};
const CHUNKED: ClientFraming = {coding: CODING, delimited: true, addsChunks: false};
const MADE_CHUNKED: ClientFraming = {coding: CODING, delimited: true, addsChunks: true};
const UNTIL_CLOSE: ClientFraming = {coding: '', delimited: false, addsChunks: false};

/**
 * The framing for a client of HTTP/1.`minor` of an answer that came with `framing`. HTTP/1.0 knows no chunks.
 *
 * @see RFC 9112 section 6.1
 */
export function framingFor(minor: number, framing: Framing): ClientFraming {
	if (framing === 'none' || framing === 'length') return AS_IT_IS;
	if (minor === 0) return UNTIL_CLOSE;
	return framing === 'chunked' ? CHUNKED : MADE_CHUNKED;
}

/**
 * Adds the load balancer's own cookie to an answer, and `Secure` to all of its cookies where that is asked for.
 *
 * @param stickyLine the Set-Cookie line, or empty; undefined without stickiness.
 */
export function addCookies(head: ResponseHead, stickyLine: string | undefined, securesCookies: boolean): void {
	if (stickyLine !== undefined) {
		head.fields += stickyLine;
		head.verbatim = '';
	}
	if (securesCookies) {
		head.fields = withSecure(head.fields);
		head.verbatim = '';
	}
}

/** What a reader of the record should know of an answer that was passed on; empty when there is nothing. */
export function remarkOn(status: number): string {
	if (status <= 599) return '';
	return `the back-end answered with a status that HTTP does not have, ${status}; clients take it for a 5xx`;
}

export interface AnswerHeadOptions {
	/** The client's version is HTTP/1.`minor`. */
	readonly minor: number;
	readonly keepAlive: boolean;
	readonly framing: ClientFraming;
	/** The Date field with its CRLF, of an answer that came without one; else empty. */
	readonly date: string;
}

/** An answer's head as the client gets it, latin1. */
export function answerHeadText(
	{status, reason, fields, verbatim}: ResponseHead,
	{minor, keepAlive, framing, date}: AnswerHeadOptions,
): string {
	if (verbatim !== '' && keepAlive && minor === 1 && framing.coding === '') return verbatim;
	let connection = '';
	if (!keepAlive) connection = 'Connection: close\r\n';
	else if (minor === 0) connection = 'Connection: keep-alive\r\n';
	return `HTTP/1.1 ${status} ${reason}\r\n${fields}${date}${framing.coding}${connection}\r\n`;
}
