import type {Message} from '../../observability/message.ts';

/** A message as JSON has it. */
interface WireMessage {
	/** Names and values alternating, as sent. */
	readonly rawHeaders: readonly string[];
	/** As UTF-8. */
	readonly body: string;
	/** The bytes of a body that is not UTF-8. */
	readonly base64?: string;
	/** Whether that is the whole body. */
	readonly complete: boolean;
}

export type WireRequest = WireMessage & {readonly method: string; readonly target: string};

export type WireResponse = WireMessage & {readonly status: number; readonly by: 'backend' | 'load-balancer'};

export function wireMessage({rawHeaders, body, text, complete}: Message): WireMessage {
	const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
	const asText = {rawHeaders, body: text, complete};
	return bytes.equals(Buffer.from(text)) ? asText : {...asText, base64: bytes.toString('base64')};
}
