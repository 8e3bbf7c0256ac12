import {X509Certificate} from 'node:crypto';
import {formatAddress} from '../base/errors.ts';
import {INSPECT, type InspectArguments, showFields} from '../base/inspection.ts';
import type {Fault} from '../model/fault.ts';
import type {Exchange} from '../observability/exchange.ts';
import type {RunningBackend} from './backends.ts';
import type {Backend} from './load-balancer.ts';

export interface BackendHandleParts {
	/** What the load balancer has sent it. */
	readonly received: () => readonly Exchange[];
	/** Called when it has been stopped or started by hand. */
	readonly onSwitched: () => void;
}

/** A back-end in the hands of a test. */
export class BackendHandle implements Backend {
	readonly #running: RunningBackend;
	readonly #parts: BackendHandleParts;

	constructor(running: RunningBackend, parts: BackendHandleParts) {
		this.#running = running;
		this.#parts = parts;
	}

	get name(): string {
		return this.#running.name;
	}

	get url(): string {
		const {description, secure, kind} = this.#running;
		const scheme = kind === 'tcp' || kind === 'socket' ? (secure ? 'tls' : 'tcp') : secure ? 'https' : 'http';
		return `${scheme}://${addressOf(description)}`;
	}

	get certificate(): Backend['certificate'] {
		const certificate = this.#running.certificate();
		if (certificate === undefined) return undefined;
		return {pem: certificate.cert, fingerprint: new X509Certificate(certificate.cert).fingerprint256};
	}

	get received(): readonly Exchange[] {
		return this.#parts.received();
	}

	async stop(): Promise<void> {
		await this.#running.stop();
		this.#parts.onSwitched();
	}

	async start(): Promise<void> {
		await this.#running.start();
		this.#parts.onSwitched();
	}

	fail(how?: Fault): Disposable {
		return this.#running.fail(how);
	}

	toString(): string {
		return `back-end ${this.name} (${this.url})`;
	}

	[INSPECT](...how: InspectArguments): string {
		const {name, url, received} = this;
		return showFields('Backend', {name, url, received: received.map(String)}, how);
	}
}

/** Where a back-end is, as people read it. */
export function addressOf({
	host,
	port,
	ports,
}: {
	host: string;
	port: number | undefined;
	ports: ReadonlyMap<number, number>;
}): string {
	if (port !== undefined) return formatAddress(host, port);
	const mapped = [...ports].map(([from, to]) => `${from} at ${to}`).join(', ');
	return mapped === '' ? host : `${host} (${mapped})`;
}
