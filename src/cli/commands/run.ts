import {AWS_UNSET} from '../../emulator/aws-environment.ts';
import {proxyEnvironment} from '../../emulator/client-environment.ts';
import type {Emulator} from '../../emulator.ts';
import {RunAdvice} from '../advice-lines.ts';
import {chooseConfig} from '../arguments.ts';
import type {CommandContext} from '../command-context.ts';
import {addressVariables, urlVariable, withoutVariable} from '../command-environment.ts';
import {usageError} from '../exit-codes.ts';
import {FailedExchanges} from '../failed-exchanges.ts';
import {NoticePrinter} from '../notice-printer.ts';
import type {Output} from '../output.ts';
import {runCommand} from '../run-command.ts';
import {openRunTrust} from '../trust-files.ts';

export interface RunOptions {
	/** Waits also until the probes of each back-end have decided. */
	readonly settled?: boolean;
	/** Free ports unless said otherwise. */
	readonly ports?: 'exact' | 'free';
	/** Makes the load balancers' names reach them for every client of the command. */
	readonly proxy?: boolean;
	/** What becomes of a CONNECT to a name that is nobody's here. */
	readonly proxyUnknown?: 'refuse' | 'tunnel';
}

/** What stands after `run`. */
export interface RunTarget {
	readonly config: string | undefined;
	readonly command: readonly string[] | undefined;
}

/**
 * Runs load balancers for as long as a command runs. Nothing of it is left behind, and others do not find it: its
 * address is in the environment of the command.
 *
 * @returns the exit code of the command.
 * @throws EmulatorError when they cannot be started; then the command is not run.
 */
export async function run(
	{config: given, command = []}: RunTarget,
	{settled = false, ports = 'free', proxy = false, proxyUnknown = 'refuse'}: RunOptions,
	{output, interruption}: CommandContext,
): Promise<number> {
	if (command.length === 0) {
		throw usageError('no command was given', 'write it after two hyphens: lb-local run -- npm test.');
	}
	const choice = chooseConfig(given);
	const trust = await openRunTrust();
	try {
		// Loaded here, so that wrong usage is reported before this takes time.
		const {startDescribed} = await import('../../emulator.ts');
		const config = choice?.text ?? choice?.file;
		// Two at once are not to meet at a control port that the configuration names.
		const port = ports === 'free' ? {port: 0} : {};
		const emulator = await startDescribed({config}, {authority: trust.authority, ports, proxyUnknown, ...port});
		const failed = new FailedExchanges(output.paintProse);
		emulator.events.on('exchange', exchange => failed.add(exchange));
		const advice = new RunAdvice(output.paintProse);
		emulator.events.on('advice', each => advice.add(each));
		try {
			new NoticePrinter(emulator, output, {quiet: true}).print();
			warnOfNames(emulator, output);
			if (settled) await Promise.all(emulator.loadBalancers.map(loadBalancer => loadBalancer.settle()));
			const proxied = proxy ? proxyEnvironment(emulator.proxyUrl, process.env) : {};
			const own = {...trust.variables, ...addressVariables(emulator), ...awsVariables(emulator)};
			const env = {...withoutAws(process.env), ...own, ...proxied};
			return await runCommand(command, {env, interruption, output});
		} finally {
			await emulator.stop();
			for (const line of [...failed.report(), ...advice.report()]) output.say(line);
		}
	} finally {
		await trust.remove();
	}
}

/** What points AWS's clients here, and keeps those that do not follow it from anybody's account. */
function awsVariables(emulator: Emulator): Record<string, string> {
	const all = Object.entries(emulator.env()).filter(([name]) => name.startsWith('AWS_'));
	return withoutAws(Object.fromEntries(all));
}

/** Without what would lead AWS's clients to somebody's account. */
function withoutAws<Value>(env: Readonly<Record<string, Value>>): Record<string, Value> {
	const unset: readonly string[] = AWS_UNSET;
	return Object.fromEntries(Object.entries(env).filter(([name]) => !unset.includes(name)));
}

function warnOfNames({loadBalancers}: Emulator, output: Output): void {
	for (const name of withoutVariable(loadBalancers)) {
		output.warn(`${urlVariable(name)} is the address of another load balancer, and not of ${name}`);
	}
}
