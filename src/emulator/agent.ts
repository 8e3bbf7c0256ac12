import type {Agent} from 'node:https';
import {connect} from 'node:net';
import {EmulatorError} from '../base/errors.ts';
import {readHostName} from '../base/host-name.ts';
import type {AccountStore} from './account-store.ts';
import {addressOfListener, findListener} from './named-listeners.ts';

/** What of the options of a connection says where it leads. */
interface AgentTarget {
	readonly host?: string | null | undefined;
	readonly port?: number | string | null | undefined;
}

/** Makes the agent of an emulator when it is asked for, and ends its connections. */
export class EmulatorAgent {
	readonly #store: Pick<AccountStore, 'managed' | 'refuseWhenStopped'>;
	readonly #unknown: 'refuse' | 'tunnel';
	#agent: Agent | undefined;

	/** @param unknown what becomes of names that are no load balancer's. */
	constructor(store: Pick<AccountStore, 'managed' | 'refuseWhenStopped'>, unknown: 'refuse' | 'tunnel') {
		this.#store = store;
		this.#unknown = unknown;
	}

	get(): Agent {
		this.#agent ??= this.#make();
		return this.#agent;
	}

	/** Ends every connection, in use or not. */
	destroy(): void {
		this.#agent?.destroy();
	}

	#make(): Agent {
		// Loaded here, so that the import of the library stays fast.
		const https = process.getBuiltinModule('node:https');
		const agent = new https.Agent({keepAlive: true});
		const connectTo = agent.createConnection.bind(agent);
		// Called by Node for each new connection. What it throws would not reach the request.
		agent.createConnection = (options, callback) => {
			try {
				return connectTo({...this.#lead(options), ...options}, callback);
			} catch (error) {
				// Where there is an error, Node does not look at the socket.
				(callback as ((error: unknown) => void) | undefined)?.(error);
				return undefined;
			}
		};
		return agent;
	}

	/** The connection below, and whom to trust; the name that was asked for stays the one that is verified. */
	#lead({host, port}: AgentTarget): object {
		this.#store.refuseWhenStopped();
		const name = readHostName((host ?? 'localhost').replace(/\.$/, ''));
		const found = findListener(this.#store.managed.values(), {host: name ?? '', port: Number(port ?? 443)});
		if ('listener' in found) {
			const {trusted} = found.loadBalancer;
			const socket = connect({...addressOfListener(found.listener), noDelay: true});
			return {socket, ca: trusted, allowPartialTrustChain: true};
		}
		if (!found.isOurs && this.#unknown === 'tunnel') return {};
		const code = found.isOurs ? 'NO_SUCH_LISTENER' : 'NO_SUCH_LOAD_BALANCER';
		throw new EmulatorError(code, `emulator.agent(): ${found.reason}`, {
			hint: found.isOurs ? undefined : "proxyUnknown: 'tunnel' connects other names to the real host.",
		});
	}
}
