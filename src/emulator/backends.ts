import type {Clock} from '../base/clock.ts';
import {EmulatorError} from '../base/errors.ts';
import {readHostName} from '../base/host-name.ts';
import {madeOnce} from '../base/made-once.ts';
import {quote} from '../base/quote.ts';
import type {Authority} from '../certificates/authority.ts';
import {issueDefective} from '../certificates/defective.ts';
import type {CommandBackendProcess} from '../fake-backends/command-backend.ts';
import type {FakeBackend} from '../fake-backends/fake-backend.ts';
import type {Fault} from '../model/fault.ts';
import type {NormalisedBackend, NormalisedFake} from '../model/normalised.ts';
import type {PemPair, ResolvedBackend} from '../model/resolved.ts';

/** One back-end that an emulator runs or knows, whichever load balancers it is registered with. */
export interface RunningBackend {
	readonly name: string;
	readonly kind: string;
	readonly description: ResolvedBackend;
	/** Whether it speaks TLS, as far as is known: a server of the user's own is not asked. */
	readonly secure: boolean;
	/** A fake back-end's own certificate, issued when it is asked for. */
	readonly certificate: () => PemPair | undefined;
	/** Whether it runs at the moment; undefined for a server of the user's own. */
	readonly isRunning: () => boolean | undefined;
	stop(): Promise<void>;
	/** @throws EmulatorError `STOPPED` after {@link end}. */
	start(): Promise<void>;
	/** @throws EmulatorError `INVALID_DESCRIPTION`, `NOT_OURS` unless it is a fake, `STOPPED` after {@link end}. */
	fail(how: Fault | undefined): Disposable;
	/** Has a fake back-end begin its script again and fail no more. */
	reset(): void;
	/** Stops it for good, when no load balancer has it any more; nothing happens to a server of the user's own. */
	end(): Promise<void>;
}

/** Names every fake back-end's certificate carries beside its own: clients reach it there without a load balancer. */
const LOOPBACK_NAMES = ['localhost', '127.0.0.1', '::1'];

export interface StartOptions {
	readonly authority: Authority;
	/** Of the load balancers it is registered with: what clients of a passthrough listener ask for. */
	readonly dnsNames: readonly string[];
	/** Calls the start of a command off. Its signal is made where it is read: most back-ends need none. */
	readonly callOff: Pick<AbortController, 'signal'>;
}

/** Starts what a description asks for; of an address there is nothing to start. */
export type StartBackend = (described: NormalisedBackend, options: StartOptions) => Promise<RunningBackend>;

/** @returns what starts the back-ends of one emulator, whose delays go by its clock. An import() takes 50 us, even of what is loaded: one will do. */
export function backendStarter(clock: Clock): StartBackend {
	const fakeBackends = madeOnce(() => import('../fake-backends/fake-backend.ts'));
	return (described, options) => startBackend(described, {...options, clock}, fakeBackends);
}

async function startBackend(
	described: NormalisedBackend,
	{authority, dnsNames, callOff, clock}: StartOptions & {readonly clock: Clock},
	fakeBackends: () => Promise<typeof import('../fake-backends/fake-backend.ts')>,
): Promise<RunningBackend> {
	const {name} = described;
	switch (described.kind) {
		case 'address':
			return ofOthers('address', {name, host: described.host, port: described.port, ports: described.ports});
		case 'undeclared':
			return ofOthers('undeclared', {name, host: '', port: undefined, ports: new Map(), undeclared: true});
		case 'command': {
			const {startCommandBackend} = await import('../fake-backends/command-backend.ts');
			const {signal} = callOff;
			const command = await startCommandBackend({name, run: described.run, port: described.port, signal});
			return ofServer(command, 'command');
		}
		case 'fake': {
			const {behaviourOf, startFakeBackend} = await fakeBackends();
			const {tls} = described;
			const own = typeof tls === 'object' ? tls : undefined;
			const issue = tls === undefined ? undefined : issuing(described, authority, dnsNames);
			const fake = await startFakeBackend({
				name,
				behaviour: behaviourOf(described.behaviour),
				proxyProtocol: described.proxyProtocol,
				clock,
				tls: issue && {
					mode: tls === 'detect' ? 'detect' : 'always',
					get cert() {
						return issue().cert;
					},
					get key() {
						return issue().key;
					},
					// Read when the first client comes, as the certificate is.
					get chain() {
						return issue().chain;
					},
					isIssued: true,
					allowsWeakKey: own?.defect === 'weak-key',
					clientAuth: own?.clientAuth,
					ca: own?.clientCa ?? authority.pem,
				},
			});
			return ofServer(fake, described.behaviour.kind, {
				certificate: issue,
				secure: issue !== undefined && tls !== 'detect',
			});
		}
	}
}

/** Nothing that could be started or stopped here. */
function ofOthers(kind: 'address' | 'undeclared', description: ResolvedBackend): RunningBackend {
	const {name} = description;
	return {
		name,
		kind,
		description,
		secure: false,
		certificate: () => undefined,
		isRunning: () => undefined,
		stop: () => notOurs(name),
		start: () => notOurs(name),
		fail: () => cannotFail(name, 'a server of your own'),
		reset() {},
		end: () => Promise.resolve(),
	};
}

function ofServer(
	server: FakeBackend | CommandBackendProcess,
	kind: string,
	{
		certificate = () => undefined,
		secure = false,
	}: {readonly certificate?: RunningBackend['certificate'] | undefined; readonly secure?: boolean} = {},
): RunningBackend {
	const {name, host, port} = server;
	let hasEnded = false;
	return {
		name,
		kind,
		description: {name, host, port, ports: new Map()},
		secure,
		certificate,
		isRunning: () => server.running,
		stop: () => server.stop(),
		async start() {
			// Whoever still holds its handle would start a server that nobody stops.
			if (hasEnded) throw isGone(name);
			await server.start();
		},
		fail(how) {
			if (!('fail' in server)) return cannotFail(name, 'a program of your own');
			if (hasEnded) throw isGone(name);
			return server.fail(how);
		},
		reset() {
			if ('reset' in server) server.reset();
		},
		end() {
			hasEnded = true;
			return server.stop();
		},
	};
}

/** @throws EmulatorError at once, when no certificate can be issued for the names that are asked for. */
function issuing({name, tls}: NormalisedFake, authority: Authority, dnsNames: readonly string[]): () => PemPair {
	const defect = typeof tls === 'object' ? tls.defect : undefined;
	const issue = (names: readonly string[]) =>
		defect === undefined ? authority.issue({names}) : issueDefective(authority, names, defect);
	if (typeof tls === 'object' && tls.names !== undefined) {
		const issued = issue(tls.names);
		return () => issued;
	}
	// A back-end's name is the user's word; only where it can stand in a certificate does it.
	const own = readHostName(name) ?? [];
	return madeOnce(() => issue([...new Set([own, dnsNames, LOOPBACK_NAMES].flat())]));
}

function isGone(name: string): EmulatorError {
	return new EmulatorError('STOPPED', `Back-end ${quote(name)} is gone with its load balancer`);
}

function cannotFail(name: string, what: string): never {
	throw new EmulatorError('NOT_OURS', `Back-end ${quote(name)} is ${what}: it cannot be made to fail here`, {
		hint: `lb.inject({on: ${quote(`backend:${name}`)}, do: …}) makes the load balancer see a fault of it, and spares health checks; setHealth() takes it out.`,
	});
}

function notOurs(name: string): Promise<never> {
	return Promise.reject(
		new EmulatorError('NOT_OURS', `Back-end "${name}" is a server of your own: it cannot be stopped or started here`, {
			hint: 'Stop it where you started it; a fake back-end can be stopped and started.',
		}),
	);
}
