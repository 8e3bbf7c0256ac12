import {readAddress} from '../../src/configuration/host-names.ts';
import type {ApiAnswer, ApiCall} from '../../src/control-plane/dialect.ts';
import {OutscaleDialect, type OutscaleOptions} from '../../src/control-plane/outscale/dialect.ts';
import {EMPTY_INVENTORY, type Inventory} from '../../src/model/inventory.ts';
import {HandClock} from './hand-clock.ts';
import {MemoryStore, type MemoryStoreOptions} from './memory-store.ts';
import {OutscaleApi} from './outscale-api.ts';

export interface InMemoryOutscaleOptions extends Omit<MemoryStoreOptions, 'inventory' | 'vms' | 'clock'> {
	readonly inventory?: Partial<Inventory>;
	/** Addresses by VM id. */
	readonly vms?: Readonly<Record<string, string>>;
	readonly authenticate?: OutscaleOptions['authenticate'];
}

/** An OUTSCALE API without a control port, over a data plane that moves no bytes. */
export class InMemoryOutscaleApi extends OutscaleApi {
	readonly clock = new HandClock();
	readonly store: MemoryStore;
	readonly dialect: OutscaleDialect;

	constructor({vms = {}, inventory, authenticate, ...options}: InMemoryOutscaleOptions = {}) {
		super();
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

	/** As `send`, with what the log of calls is told. */
	call(action: string, body: unknown = {}): Promise<{readonly answer: ApiAnswer; readonly call: ApiCall}> {
		const bytes =
			body instanceof Uint8Array ? body : Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
		return this.dialect.answer({method: 'POST', path: `/api/v1/${action}`, headers: new Map(), body: bytes});
	}

	override async send(action: string, body: unknown = {}): Promise<ApiAnswer> {
		return (await this.call(action, body)).answer;
	}
}
