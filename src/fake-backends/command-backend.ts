import {EmulatorError, formatAddress, portUnavailable} from '../base/errors.ts';
import {SerialQueue} from '../base/serial-queue.ts';
import {nowMs, wait} from '../base/timers.ts';
import {freePort, type Hosts} from './free-port.ts';
import {LastLines} from './last-lines.ts';
import {isListening} from './port-check.ts';
import {type ProcessEnd, ProcessGroup} from './process-group.ts';

/** What {@link startCommandBackend} takes. */
export interface CommandBackendOptions {
	/** Shown in errors. */
	readonly name: string;
	/** A shell command. It must listen on the port in `PORT`, and end on SIGTERM. */
	readonly run: string;
	/**
	 * The port it listens on. When left out, a free port is looked up and passed in `PORT`. If another process takes that
	 * port before the command binds it, the start fails.
	 */
	readonly port?: number | undefined;
	/** The address it is expected to listen on; by default 127.0.0.1 or ::1. */
	readonly host?: string | undefined;
	/** Environment variables added to those of this process. */
	readonly env?: Readonly<Record<string, string>> | undefined;
	/** How long it may take until it listens; 30 s by default. */
	readonly readyTimeoutMs?: number | undefined;
	/** Cancels the start: what was started is ended, and the start rejects with `STOPPED`. */
	readonly signal?: AbortSignal | undefined;
}

/** A back-end that is a user's own program. Disposing it stops it. */
export interface CommandBackendProcess extends AsyncDisposable {
	readonly name: string;
	/** Where it listens, as found at its first start. */
	readonly host: string;
	readonly port: number;
	/** The shell's process, which leads the group; undefined while stopped. */
	readonly pid: number | undefined;
	/** Whether the command runs; false after a stop, and after it ended by itself. */
	readonly running: boolean;
	/** The last lines it wrote to standard output and standard error, in the order they arrived. */
	readonly output: readonly string[];
	/**
	 * Ends the command and everything it started: SIGTERM, and SIGKILL two seconds later. May be called again. Cancels a
	 * start in progress.
	 */
	stop(): Promise<void>;
	/**
	 * Runs the command again on the same port, unless it is running.
	 *
	 * @throws EmulatorError `COMMAND_FAILED`, `PORT_UNAVAILABLE` or `STOPPED`, as {@link startCommandBackend} does.
	 */
	start(): Promise<void>;
}

/** `localhost` is one or the other, depending on the system and on Node. */
const LOOPBACKS = ['127.0.0.1', '::1'] as const;
const READY_TIMEOUT_MS = 30_000;
const POLL_MS = 25;
/** How long to read on after an early exit. A daemon that the command left behind may hold the pipe open for ever. */
const LAST_WORDS_MS = 500;
const OUTPUT_LIMITS = {lines: 200, characters: 2000};
const ERROR_LIMITS = {lines: 10, characters: 500};

/**
 * Runs a shell command with a port in `PORT`, and waits until it listens there.
 *
 * @throws EmulatorError `COMMAND_FAILED` when it ends or the time is up before it listens; nothing is left running
 * then. `PORT_UNAVAILABLE` when something else listens on the port already, `STOPPED` when the start was cancelled.
 */
export async function startCommandBackend(options: CommandBackendOptions): Promise<CommandBackendProcess> {
	const hosts = options.host === undefined ? LOOPBACKS : ([options.host] as const);
	const port = options.port ?? (await freePort(hosts));
	const backend = new RunningCommand({...options, hosts, port});
	const {signal} = options;
	const callOff = () => void backend.stop();
	signal?.addEventListener('abort', callOff);
	try {
		const started = backend.start();
		if (signal?.aborted === true) callOff();
		await started;
		return backend;
	} finally {
		signal?.removeEventListener('abort', callOff);
	}
}

class RunningCommand implements CommandBackendProcess {
	readonly name: string;
	readonly port: number;
	/** Where it may listen; once it has listened, only that address. */
	#hosts: Hosts;
	readonly #options: CommandBackendOptions;
	#group: ProcessGroup | undefined;
	#output = new LastLines(OUTPUT_LIMITS);
	/**
	 * The last lines of standard output and of standard error for an error message, kept apart so that neither hides the
	 * other.
	 */
	#plainOutput = new LastLines(ERROR_LIMITS);
	#errorOutput = new LastLines(ERROR_LIMITS);
	readonly #turns = new SerialQueue();
	/** Aborted by a stop: it cancels the starts that were requested before it. */
	#stops = new AbortController();

	constructor(options: CommandBackendOptions & {readonly hosts: Hosts; readonly port: number}) {
		this.name = options.name;
		this.#hosts = options.hosts;
		this.port = options.port;
		this.#options = options;
	}

	get host(): string {
		return this.#hosts[0];
	}

	get pid(): number | undefined {
		return this.#group?.child.pid;
	}

	get running(): boolean {
		return this.#group !== undefined && !this.#group.hasEnded;
	}

	get output(): readonly string[] {
		return this.#output.lines;
	}

	start(): Promise<void> {
		const {signal} = this.#stops;
		return this.#turns.run(() => this.#run(signal));
	}

	stop(): Promise<void> {
		this.#stops.abort();
		this.#stops = new AbortController();
		return this.#turns.run(() => this.#end());
	}

	[Symbol.asyncDispose](): Promise<void> {
		return this.stop();
	}

	async #run(signal: AbortSignal): Promise<void> {
		if (this.running) return;
		// It may have ended by itself and left something behind.
		await this.#end();
		await this.#assertNobodyListens(signal);
		if (signal.aborted) throw this.#calledOff();

		const {run, env} = this.#options;
		const group = new ProcessGroup(run, {...process.env, ...env, PORT: String(this.port)});
		this.#group = group;
		this.#output = new LastLines(OUTPUT_LIMITS);
		this.#plainOutput = new LastLines(ERROR_LIMITS);
		this.#errorOutput = new LastLines(ERROR_LIMITS);
		const {stdout, stderr} = group.child;
		if (stdout !== null) {
			this.#output.follow(stdout);
			this.#plainOutput.follow(stdout);
		}
		if (stderr !== null) {
			this.#output.follow(stderr);
			this.#errorOutput.follow(stderr);
		}
		try {
			await this.#ready(group, signal);
		} catch (error) {
			await this.#end();
			throw error;
		}
	}

	/** Otherwise another process on the port would be taken for the command. */
	async #assertNobodyListens(signal: AbortSignal): Promise<void> {
		const host = await this.#whereListening(signal);
		if (host === undefined) return;
		throw await portUnavailable({
			host,
			port: this.port,
			purpose: `the command of back-end "${this.name}"`,
			cause: {code: 'EADDRINUSE'},
		});
	}

	/** The first of its hosts on which some process listens on its port. */
	async #whereListening(signal: AbortSignal): Promise<string | undefined> {
		const listening = await Promise.all(this.#hosts.map(host => isListening(host, this.port, signal)));
		return this.#hosts.find((_, index) => listening[index]);
	}

	async #ready(group: ProcessGroup, signal: AbortSignal): Promise<void> {
		const readyTimeoutMs = this.#options.readyTimeoutMs ?? READY_TIMEOUT_MS;
		const deadline = nowMs() + readyTimeoutMs;
		while (nowMs() < deadline) {
			if (group.hasEnded) throw await this.#endedEarly(group);
			const host = await this.#whereListening(signal);
			if (host !== undefined) {
				this.#hosts = [host];
				return;
			}
			await wait(POLL_MS, signal);
			if (signal.aborted) throw this.#calledOff();
		}
		throw this.#failure(`did not listen within ${readyTimeoutMs} ms`);
	}

	#calledOff(): EmulatorError<'STOPPED'> {
		const where = formatAddress(this.host, this.port);
		return new EmulatorError(
			'STOPPED',
			`The command of back-end "${this.name}" was stopped before it listened on ${where}`,
		);
	}

	async #endedEarly(group: ProcessGroup): Promise<EmulatorError<'COMMAND_FAILED'>> {
		const end = await group.ended;
		await group.outputRead(LAST_WORDS_MS);
		return this.#failure(`${describeEnd(end)} before it listened`, end.error);
	}

	#failure(what: string, cause?: Error): EmulatorError<'COMMAND_FAILED'> {
		const {name, host, port} = this;
		const words = [...this.#plainOutput.lines, ...this.#errorOutput.lines].map(line => `\n  ${line}`).join('');
		return new EmulatorError(
			'COMMAND_FAILED',
			`The command of back-end "${name}" ${what} on ${formatAddress(host, port)}: ${this.#options.run}${words}`,
			{hint: `It must listen on ${this.#hosts.join(' or ')}, and on the port it finds in PORT.`, cause},
		);
	}

	async #end(): Promise<void> {
		const group = this.#group;
		if (group === undefined) return;
		await group.end();
		this.#group = undefined;
	}
}

function describeEnd({code, signal, error}: ProcessEnd): string {
	if (error !== undefined) return `could not be started (${error.message})`;
	if (signal !== null) return `was ended by ${signal}`;
	return `exited with code ${code}`;
}
