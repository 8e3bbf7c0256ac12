import {EventEmitter} from 'node:events';
import type {Agent} from 'node:https';
import {EmulatorError} from '../base/errors.ts';
import {INSPECT, type InspectArguments, showFields} from '../base/inspection.ts';
import {quote} from '../base/quote.ts';
import {alternatives, didYouMean} from '../base/suggest.ts';
import type {LoadBalancerSpec} from '../configuration/spec.ts';
import type {ArmedFault, FaultRule} from '../model/fault.ts';
import type {Reloaded} from '../operations/configure.ts';
import type {EmulatorClock} from './clock.ts';
import type {Call, Emulator, EmulatorEvents} from './emulator.ts';
import type {CertificateAuthority, LoadBalancer} from './load-balancer.ts';
import {type NameScope, nameScope} from './name-scope.ts';

/** Whether an event is of a load balancer in a scope; those that are of none are told everywhere. */
const IS_OF: {
	readonly [Name in Exclude<keyof EmulatorEvents, 'stop'>]: (
		scope: NameScope,
		event: EmulatorEvents[Name][0],
	) => boolean;
} = {
	call: () => true,
	exchange: (scope, {loadBalancer}) => scope.has(loadBalancer),
	health: (scope, {loadBalancer}) => scope.has(loadBalancer),
	notice: (scope, {loadBalancer}) => loadBalancer === undefined || scope.has(loadBalancer),
	advice: (scope, {loadBalancer}) => scope.has(loadBalancer),
	drained: (scope, {loadBalancer}) => scope.has(loadBalancer),
	fault: (scope, {loadBalancer}) => loadBalancer === undefined || scope.has(loadBalancer),
};

/** What one of several who share an emulator sees of it: see {@link Emulator.scope}. */
export class ScopedEmulator implements Emulator {
	readonly events = new EventEmitter<EmulatorEvents>();
	readonly #shared: Emulator;
	readonly #scope: NameScope;
	readonly #reset: () => Promise<void>;
	/** What ends the listening to the shared emulator. */
	readonly #ends: (() => void)[] = [];
	readonly #passed = new Set<string>();
	/** What was armed through this scope; the cloud's API is everybody's. */
	#armed: ArmedFault[] = [];
	#isStopped = false;

	/** @param reset puts what is in the scope back to what the configuration says. */
	constructor(shared: Emulator, scope: NameScope, reset: () => Promise<void>) {
		this.#shared = shared;
		this.#scope = scope;
		this.#reset = reset;
		// An event of Node's own, which the type does not have.
		(this.events as EventEmitter).on('newListener', (name: string) => {
			if (!(name in IS_OF) || this.#passed.has(name) || this.#isStopped) return;
			this.#passed.add(name);
			// It is a key of the table, which was asked above.
			this.#pass(name as keyof typeof IS_OF);
		});
	}

	get ca(): CertificateAuthority {
		return this.#shared.ca;
	}

	get loadBalancers(): readonly LoadBalancer[] {
		return this.#shared.loadBalancers.filter(({name}) => this.#scope.has(name));
	}

	get warnings(): readonly string[] {
		return this.#shared.warnings;
	}

	get notices(): readonly string[] {
		return this.#shared.notices;
	}

	get clock(): EmulatorClock {
		return this.#shared.clock;
	}

	get endpoint(): string {
		return this.#shared.endpoint;
	}

	get proxyUrl(): string {
		return this.#shared.proxyUrl;
	}

	get calls(): readonly Call[] {
		return this.#shared.calls;
	}

	get configFiles(): readonly string[] {
		return this.#shared.configFiles;
	}

	get faults(): readonly ArmedFault[] {
		return this.#shared.faults.filter(fault => this.#armed.includes(fault));
	}

	inject(rule: FaultRule): ArmedFault {
		this.#refuseWhenStopped();
		const armed = this.#shared.inject(rule);
		this.#armed = [...this.faults, armed];
		return armed;
	}

	agent(): Agent {
		return this.#shared.agent();
	}

	env(): Record<string, string> {
		return this.#shared.env();
	}

	async create(spec: LoadBalancerSpec): Promise<LoadBalancer> {
		this.#refuseWhenStopped();
		// Whoever validates it says what is wrong with one that is no object, or whose name is no text.
		const isNamed = typeof spec === 'object' && spec !== null && !Array.isArray(spec);
		const {name = 'lb'} = isNamed ? spec : {};
		return this.#shared.create(
			isNamed && typeof name === 'string' ? {...spec, name: `${this.#scope.prefix}${name}`} : spec,
		);
	}

	get(name: string): LoadBalancer {
		this.#refuseWhenStopped();
		const own = this.loadBalancers;
		const found = own.find(each => each.name === `${this.#scope.prefix}${name}`);
		if (found !== undefined) return found;
		const names = own.map(each => each.name.slice(this.#scope.prefix.length));
		throw new EmulatorError(
			'NO_SUCH_LOAD_BALANCER',
			`No load balancer is named ${quote(name)} in the scope ${quote(this.#scope.prefix)}; there is ${alternatives(names)}`,
			{hint: didYouMean(name, names)},
		);
	}

	scope(prefix: string): Emulator {
		const {prefix: own} = nameScope(prefix);
		return this.#shared.scope(`${this.#scope.prefix}${own}`);
	}

	async reset(): Promise<void> {
		this.#refuseWhenStopped();
		await this.#reset();
		for (const fault of this.faults) fault.remove();
	}

	reload(): Promise<Reloaded> {
		return this.#shared.reload();
	}

	reopenAccessLogs(): Promise<void> {
		return this.#shared.reopenAccessLogs();
	}

	/** Stops the load balancers of this scope. What is in flight is cut. */
	async stop(): Promise<void> {
		this.#isStopped = true;
		await Promise.all(this.loadBalancers.map(each => each.stop()));
		for (const fault of this.faults) fault.remove();
		for (const end of this.#ends) end();
		this.events.removeAllListeners();
	}

	toString(): string {
		return `scope ${this.#scope.prefix} of ${String(this.#shared)}`;
	}

	[INSPECT](...how: InspectArguments): string {
		const {endpoint, loadBalancers} = this;
		const fields = {prefix: this.#scope.prefix, endpoint, loadBalancers: loadBalancers.map(String)};
		return showFields('Emulator', fields, how);
	}

	[Symbol.asyncDispose](): Promise<void> {
		return this.stop();
	}

	/** Passes events on from when somebody listens for them. */
	#pass<Name extends keyof typeof IS_OF>(name: Name): void {
		// Each of these events has one argument, whose type is that of its name.
		const [from, to] = [this.#shared.events as EventEmitter, this.events as EventEmitter];
		const isOf = IS_OF[name];
		const pass = (event: EmulatorEvents[Name][0]) => {
			if (isOf(this.#scope, event)) to.emit(name, event);
		};
		from.on(name, pass);
		this.#ends.push(() => from.off(name, pass));
	}

	#refuseWhenStopped(): void {
		if (this.#isStopped) throw new EmulatorError('STOPPED', `The scope ${quote(this.#scope.prefix)} has been stopped`);
	}
}
