import path from 'node:path';
import {messageOf} from '../../base/errors.ts';
import {version} from '../../base/version.ts';
import type {StoredAuthority} from '../../certificates/authority-store.ts';
import type {Emulator} from '../../emulator.ts';
import type {Exchange} from '../../observability/exchange.ts';
import {adviceLines} from '../advice-lines.ts';
import {readPort, readUpTarget, type UpTarget} from '../arguments.ts';
import {localAuthority} from '../authority.ts';
import {bannerLines} from '../banner.ts';
import type {CommandContext} from '../command-context.ts';
import {DEMO_CONFIG, demoLines} from '../demo.ts';
import {DetachedStart} from '../detached-start.ts';
import {HangUps} from '../hang-ups.ts';
import {describeInline} from '../inline-description.ts';
import {NoticePrinter} from '../notice-printer.ts';
import type {Output} from '../output.ts';
import {ownCommand} from '../own-command.ts';
import type {Reloading, ReloadingOptions} from '../reloading.ts';
import {callLine, exchangeJson, exchangeLine, healthLine} from '../report.ts';
import {silentBackends, silentLines} from '../silent-backends.ts';
import {printable} from '../text.ts';
import {WAITING_EXCHANGES} from '../waiting-exchanges.ts';
import {warnOfHost} from '../warn-of-host.ts';

export interface UpOptions {
	readonly backend?: readonly string[];
	readonly certificate?: string;
	readonly host?: string;
	readonly ports?: 'exact' | 'free';
	/** The target of health checks of a load balancer that is described by listeners. */
	readonly health?: string;
	readonly idleTimeout?: string;
	readonly controlPort?: string;
	readonly clock?: 'real' | 'manual';
	/** What becomes of a CONNECT to a name that is nobody's here. */
	readonly proxyUnknown?: 'refuse' | 'tunnel';
	readonly json?: boolean;
	readonly quiet?: boolean;
}

/**
 * How long exchanges in flight may take to finish after the first signal. A guess: long enough for a request in a test.
 */
const GRACE_MS = 3000;

/** A record of an exchange without its heads and bodies: 30 fields and their values. A guess. */
const RECORD_BYTES = 600;

/**
 * Runs load balancers until a signal arrives, and prints each exchange when it ends.
 *
 * @throws EmulatorError when they cannot be started; then nothing is left running.
 */
export async function up(targets: readonly string[], options: UpOptions, context: CommandContext): Promise<number> {
	const {output, interruption} = context;
	const hangUps = new HangUps(interruption);
	const detachedStart = context.isDetached === true ? new DetachedStart(interruption) : undefined;
	try {
		const target = readUpTarget(targets, options);
		if (options.host !== undefined) warnOfHost(options.host, output);
		const authority = await localAuthority(output);
		const emulator = await start(target, options, authority);
		await run({emulator, target, authority}, options, {context, hangUps, detachedStart});
		return interruption.exitCode;
	} finally {
		hangUps.close();
	}
}

/** Runs until the interruption, then stops in order. */
async function run(running: Running, options: UpOptions, {context, hangUps, detachedStart}: RunContext): Promise<void> {
	const {emulator, target} = running;
	const {output, interruption} = context;
	const interrupted = interruption.wait();
	const {quiet = false} = options;
	const noticePrinter = new NoticePrinter(emulator, output, {quiet});
	/** Starts once everything runs; a signal to stop does not wait for it. */
	let reloading: Promise<Reloading | undefined> | undefined;
	hangUps.listen(() => {
		emulator
			.reopenAccessLogs()
			.catch((error: unknown) => output.warn(printable(messageOf(error))))
			.finally(async () => (await reloading)?.run({isRequested: true}));
	});
	emulator.events.on('stop', () => {
		if (!quiet) output.say('asked to stop, at the control port');
		interruption.interrupt();
	});
	// Not awaited, so that a signal that arrives from here on finds everything in place.
	const runFile = announce(emulator, target, output);
	void runFile.then(() => detachedStart?.tellReady(emulator));
	try {
		showExchanges(emulator, options, output);
		emulator.events.on('call', call => {
			if (!quiet) output.say(callLine(call));
			noticePrinter.print();
		});
		if (!quiet) emulator.events.on('health', change => output.say(healthLine(change)));
		if (!quiet) emulator.events.on('advice', advice => adviceLines(advice, output.paintProse).forEach(output.say));
		const silent = await silentBackends(emulator.loadBalancers, interrupted);
		if (!quiet) reportStart(running, options, {output, silent});
		noticePrinter.print();
		for (const line of silentLines(emulator, silent)) output.warn(line);
		if (!quiet) output.say('Each exchange becomes one line below. Ctrl-C stops.');
		if (target.kind === 'config')
			reloading = startReloading({emulator, file: target.file, output, noticePrinter, quiet});
		await interrupted;
		if (!quiet) output.say('stopping; a second signal stops at once what is in flight');
	} finally {
		// For any reason to end: everything that waits for the interruption stops.
		interruption.interrupt();
		// First of all, so that `/_lb/ready` says at once that it stops.
		const stopped = emulator.stop({drainMs: GRACE_MS});
		await (await runFile)?.();
		await (await reloading)?.stop();
		await stopped;
	}
}

/** Prints each exchange that ends; with `--quiet` only as JSON. */
function showExchanges(emulator: Emulator, {json = false, quiet = false}: UpOptions, output: Output): void {
	if (quiet && !json) return;
	const show = output.stream<Exchange>({
		noun: 'exchange',
		format: json ? exchangeJson : exchange => exchangeLine(exchange, output.paintData),
		sizeOf: exchange => RECORD_BYTES + exchange.heldBytes,
		bound: WAITING_EXCHANGES,
		reportDropped: json ? 'in-prose' : 'in-data',
	});
	emulator.events.on('exchange', show);
}

/** Makes this instance known to the other commands. Returns a function that takes it back. */
async function announce(
	{endpoint}: Emulator,
	target: UpTarget,
	output: Output,
): Promise<(() => Promise<void>) | undefined> {
	try {
		const {writeRunFile} = await import('../run-file.ts');
		return await writeRunFile({
			endpoint,
			config: target.kind === 'config' && target.text === undefined ? path.resolve(target.file) : undefined,
		});
	} catch (error) {
		output.warn(`${printable(messageOf(error))}; \`${ownCommand()} status\` needs --endpoint ${endpoint} then`);
		return undefined;
	}
}

async function startReloading(options: ReloadingOptions): Promise<Reloading | undefined> {
	const {Reloading} = await import('../reloading.ts');
	return Reloading.start(options);
}

async function start(target: UpTarget, options: UpOptions, authority: StoredAuthority): Promise<Emulator> {
	// Loaded here, so that wrong usage is reported before this takes time.
	const {startDescribed} = await import('../../emulator.ts');
	const {host, clock = 'real', proxyUnknown = 'refuse'} = options;
	const port = options.controlPort === undefined ? {} : {port: readPort(options.controlPort)};
	const common = {authority, clock, proxyUnknown, ...port, ...(host === undefined ? {} : {host})};
	const ports = options.ports ?? 'fallback';
	switch (target.kind) {
		case 'demo':
			// The demo must run, whichever ports are in use.
			return startDescribed({config: DEMO_CONFIG}, {...common, ports: options.ports ?? 'fallback-always'});
		case 'config':
			return startDescribed({config: target.text ?? target.file}, {...common, ports});
		case 'listeners':
			return startDescribed({spec: await describeInline(target, options, authority)}, {...common, ports});
	}
}

interface Running {
	readonly emulator: Emulator;
	readonly target: UpTarget;
	readonly authority: StoredAuthority;
}

interface RunContext {
	readonly context: CommandContext;
	readonly hangUps: HangUps;
	/** Undefined where nobody waits for the start. */
	readonly detachedStart: DetachedStart | undefined;
}

interface StartReport {
	readonly output: Output;
	readonly silent: Awaited<ReturnType<typeof silentBackends>>;
}

function reportStart(
	{emulator, target, authority}: Running,
	{host, clock}: UpOptions,
	{output, silent}: StartReport,
): void {
	const reach = host === undefined ? ', on loopback only' : '';
	output.say(`${emulator.endpoint}/_lb/ shows all of it in a browser, live`);
	output.say(`lb-local ${version()}: load balancers for tests, not for production${reach}`);
	if (target.kind === 'config') output.say(`configuration: ${target.file}`);
	if (target.kind === 'listeners' && target.backends.length === 0) {
		output.say('no --backend was given: three echo back-ends answer');
	}
	if (clock === 'manual')
		output.say('the clock is manual: no time passes for health checks and timeouts until it is advanced');
	if (emulator.loadBalancers.length === 0) output.say('no load balancer yet: create some through the control port');
	for (const line of bannerLines(emulator, output.paintProse, silent)) output.say(line);
	output.say('');
	output.say(
		`control port: ${emulator.endpoint} (the OUTSCALE, ELB and IAM APIs; eval "$(${ownCommand()} env)" points clients at it)`,
	);
	output.say(`authority: ${authority.file}`);
	if (target.kind === 'demo') {
		output.say('');
		const init = `${ownCommand()} init`;
		output.say(`This is the demo: three load balancers to try. \`${init}\` writes a configuration of your own.`);
		for (const line of demoLines(emulator, authority.file)) output.say(line);
	}
	output.say('');
}
