import {HeadBuffer} from '../../codec/head-buffer.ts';
import {MAX_INTERIM_ANSWERS, mayBecomeAnswer, ResponseHead, readResponseHead} from '../../codec/response-head.ts';

/** The answer to a probe over HTTP, read until its head has decided. The body is not waited for. */
export class ProbeAnswer {
	/** Whether a byte of it has come. */
	receivedAny = false;
	readonly #head = new HeadBuffer();
	#interims = 0;

	/** Reads on. Returns `pass`, or in words why it fails; undefined while more is needed. */
	read(chunk: Buffer): string | undefined {
		this.receivedAny = true;
		for (let pos = 0; pos < chunk.length; ) {
			pos = this.#head.add(chunk, pos);
			if (pos === -1) return this.#verdictOfPart();
			const verdict = this.#verdictOfHead();
			if (verdict !== undefined) return verdict;
		}
		return undefined;
	}

	#verdictOfPart(): string | undefined {
		const {refusal, beginning} = this.#head;
		if (refusal !== undefined) return `answer refused: ${refusal.reason}`;
		return mayBecomeAnswer(beginning) ? undefined : 'answer with a malformed status line';
	}

	#verdictOfHead(): string | undefined {
		const head = readResponseHead(this.#head.text, false);
		if (!(head instanceof ResponseHead)) return head.reason;
		if (head.status === 200) return 'pass';
		if (head.status >= 200 || head.status === 101) return `HTTP ${head.status}`;
		this.#interims++;
		return this.#interims > MAX_INTERIM_ANSWERS ? `more than ${MAX_INTERIM_ANSWERS} interim answers` : undefined;
	}
}
