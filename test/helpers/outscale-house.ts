import {readFileSync} from 'node:fs';
import {readAddress} from '../../src/configuration/host-names.ts';
import type {ApiAnswer, ApiCall} from '../../src/control-plane/dialect.ts';
import {OutscaleDialect, type OutscaleOptions} from '../../src/control-plane/outscale/dialect.ts';
import {EMPTY_INVENTORY, type Inventory} from '../../src/model/inventory.ts';
import {HandClock} from './hand-clock.ts';
import {MemoryStore, type MemoryStoreOptions} from './memory-store.ts';

const CERTS = new URL('../../certs/', import.meta.url);

export function pem(file: string): string {
	return readFileSync(new URL(file, CERTS), 'utf8');
}

export interface HouseOptions extends Omit<MemoryStoreOptions, 'inventory' | 'vms' | 'clock'> {
	readonly inventory?: Partial<Inventory>;
	/** Addresses by VM id. */
	readonly vms?: Readonly<Record<string, string>>;
	readonly authenticate?: OutscaleOptions['authenticate'];
}

/** An OUTSCALE API over a data plane that moves no bytes. */
export class OutscaleHouse {
	readonly clock = new HandClock();
	readonly store: MemoryStore;
	readonly dialect: OutscaleDialect;

	constructor({vms = {}, inventory, authenticate, ...options}: HouseOptions = {}) {
		const targets = Object.entries(vms).map(([name, text]) => {
			const read = readAddress(text);
			if ('message' in read) throw new Error(read.message);
			return [name, {kind: 'address', name, ...read, ports: new Map()}] as const;
		});
		this.store = new MemoryStore({
			clock: this.clock,
			...options,
			inventory: {...EMPTY_INVENTORY, ...inventory},
			vms: new Map(targets),
		});
		this.dialect = new OutscaleDialect({store: this.store, authenticate});
	}

	/** Sends a body as it is, or an object as JSON. */
	call(action: string, body: unknown = {}): Promise<{readonly answer: ApiAnswer; readonly call: ApiCall}> {
		const bytes =
			body instanceof Uint8Array ? body : Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
		return this.dialect.answer({method: 'POST', path: `/api/v1/${action}`, headers: new Map(), body: bytes});
	}

	/** As `call`, for what must succeed: what the answer says. */
	async ok(action: string, body: unknown = {}): Promise<Answered> {
		const {answer} = await this.call(action, body);
		if (answer.status !== 200) throw new Error(`${action}: ${answer.status} ${answer.body}`);
		return JSON.parse(answer.body);
	}

	/** As `call`, for what must be refused: `409 9013: Details`. */
	async refusal(action: string, body: unknown = {}): Promise<string> {
		const {answer} = await this.call(action, body);
		const {Errors: errors} = JSON.parse(answer.body);
		return errors === undefined ? `${answer.status}` : `${answer.status} ${errors[0].Code}: ${errors[0].Details}`;
	}
}

/** What tests look at in answers. */
export interface Answered {
	// biome-ignore lint/suspicious/noExplicitAny: an answer is JSON of many shapes, and a test says which it expects.
	readonly [key: string]: any;
}
