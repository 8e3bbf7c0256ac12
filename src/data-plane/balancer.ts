import {nextBackend} from '../model/selection.ts';
import type {Backend} from './backend.ts';

/** Chooses back-ends for one listener; its cursor is the listener's own. */
export class Balancer {
	readonly #backends: () => readonly Backend[];
	#cursor = -1;

	/** @param backends the registered back-ends, in registration order, as they are at each choice. */
	constructor(backends: () => readonly Backend[]) {
		this.#backends = backends;
	}

	/** The next back-end in service that is not in `tried`; undefined when there is none. */
	choose(tried?: ReadonlySet<Backend>): Backend | undefined {
		const backend = nextBackend(this.#backends(), this.#cursor, tried);
		if (backend !== undefined) this.#cursor = backend.order;
		return backend;
	}
}
