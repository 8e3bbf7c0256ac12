import type {RequestHead} from '../../codec/request-head.ts';
import type {ExchangeRecord} from '../../observability/exchange-record.ts';

export interface ForwardedHeadOptions {
	/** For clients of HTTP/1.0, which may leave out the Host that an HTTP/1.1 request must have. */
	readonly dnsName: string;
	/** The fields that the load balancer adds, each with its CRLF. */
	readonly added: string;
	readonly passesUpgrade: boolean;
}

/** Puts a request's head into the record as the back-end gets it, and where in it the added fields are. */
export function forwardHead(
	record: ExchangeRecord,
	{fields, method, target, host, minor, framing, upgrade, verbatim}: RequestHead,
	{dnsName, added, passesUpgrade}: ForwardedHeadOptions,
): void {
	const hostField = host === '' && minor === 0 ? `Host: ${dnsName}\r\n` : '';
	const begin = verbatim === '' ? `${method} ${target} HTTP/1.1\r\n${hostField}${fields}` : verbatim;
	const coding = framing === 'chunked' ? 'Transfer-Encoding: chunked\r\n' : '';
	const switching = passesUpgrade ? `Connection: Upgrade\r\nUpgrade: ${upgrade}\r\n` : '';
	record.addedStart = begin.length;
	record.addedEnd = begin.length + added.length;
	record.requestHead = `${begin}${added}${coding}${switching}\r\n`;
}
