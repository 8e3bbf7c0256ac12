import {Command, CommanderError, Option} from 'commander';
import {messageOf} from '../base/errors.ts';
import {version} from '../base/version.ts';
import {joinListenerPieces, splitCommand} from './arguments.ts';
import type {CommandContext} from './command-context.ts';
import type {BackendOptions} from './commands/backend.ts';
import type {CertOptions} from './commands/cert.ts';
import type {CheckOptions} from './commands/check.ts';
import type {InitOptions} from './commands/init.ts';
import type {RunOptions} from './commands/run.ts';
import type {UpOptions} from './commands/up.ts';
import {describeControlCommands} from './describe-control-commands.ts';
import {describeTrust} from './describe-trust.ts';
import {EXIT, exitCodeOf, usageError} from './exit-codes.ts';
import type {Output} from './output.ts';

/**
 * Runs one command line.
 *
 * @param argv the arguments after the program's name.
 * @returns the exit code; failures have been reported by then.
 */
export async function runProgram(argv: readonly string[], context: CommandContext): Promise<number> {
	let exitCode: number = EXIT.ok;
	const {own, command} = splitCommand(argv);
	const end = (code: number): void => {
		exitCode = code;
	};
	const program = describeProgram(context, end);
	describeRun(program, {command, context, end});
	try {
		await program.parseAsync(joinListenerPieces(own), {from: 'user'});
		return exitCode;
	} catch (error) {
		if (error instanceof CommanderError) return reportUsage(error, context.output);
		context.output.fail(error);
		return exitCodeOf(error);
	}
}

/** Help and version are not failures; anything else is wrong usage. */
function reportUsage(error: CommanderError, output: Output): number {
	if (error.exitCode === 0) return EXIT.ok;
	// For `lb-local` without arguments, the help has been shown already.
	if (error.code === 'commander.help') return EXIT.usage;
	const [message = '', suggestion] = messageOf(error)
		.replace(/^error: /, '')
		.split('\n');
	const guess = suggestion === undefined ? undefined : suggestion.replace(/^\((.*)\)$/, '$1').replace(/^Did/, 'did');
	output.fail(usageError(message, guess ?? '`lb-local help` lists the commands and their options.'));
	return EXIT.usage;
}

function describeProgram(context: CommandContext, end: (exitCode: number) => void): Command {
	const program = new Command('lb-local')
		.description(
			'A load balancer on your own machine, for tests: OUTSCALE LBU and AWS Classic ELB. Not for production.',
		)
		.version(version(), '-V, --version', 'show the version')
		.helpOption('-h, --help', 'show this help')
		.showSuggestionAfterError()
		.exitOverride()
		// Errors are reported by `reportUsage`, once and in our words.
		.configureOutput({
			outputError: () => {},
			writeOut: text => context.output.data(text.trimEnd()),
			writeErr: text => context.output.say(text.trimEnd()),
		})
		.addHelpText('after', HELP_AFTER);
	// Each command is loaded when it is called, to keep the start fast.
	program
		.command('up')
		.description('run load balancers in the foreground, and print one line per exchange')
		.argument('[config-or-listener...]', 'a configuration file, or listeners such as "https:443 -> http:80"')
		.option(
			'-b, --backend <address...>',
			'where the listeners’ traffic goes, such as 127.0.0.1:3000, or a port of this machine',
		)
		.option('-c, --certificate <name|cert,key>', 'names to issue a certificate for, or the files cert.pem,key.pem')
		.option('--host <address>', 'the address to bind (default: 127.0.0.1)')
		.addOption(
			new Option('--ports <rule>', 'exact: the ports as written or none; free: any ports').choices(['exact', 'free']),
		)
		.option('--health <target>', 'what health checks ask for, such as HTTP:80/health; with listeners')
		.option('--idle-timeout <duration>', 'closes connections without bytes for so long, such as 60s; with listeners')
		.option('--control-port <port>', 'the control port (default: 8089 or the next free one; 0: any)')
		.addOption(new Option('--clock <kind>', 'manual: time passes when it is advanced').choices(['real', 'manual']))
		.option('--detach', 'run in the background: return when it is ready, and print where its output goes')
		.addOption(proxyUnknown())
		.option('--json', 'print exchanges as NDJSON')
		.option('-q, --quiet', 'print warnings and errors only, and with --json exchanges')
		.addHelpText('after', UP_HELP_AFTER)
		.action(async (targets: string[], {detach, ...options}: UpOptions & {readonly detach?: boolean}) => {
			if (detach === true) end(await (await import('./commands/detach.ts')).detach(targets, options, context));
			else end(await (await import('./commands/up.ts')).up(targets, options, context));
		});
	program
		.command('backend')
		.description('run fake back-ends alone')
		.argument(
			'[spec...]',
			'echo, reply ("reply=503x2,200": 503 twice, then 200), har ("har=session.har": as recorded; "+timings" in the recorded times), tcp-echo, tcp-sink, tcp-source or tcp-banner; "+tls" (or "+tls=expired") and ":port" may follow',
		)
		.option('--host <address>', 'the address to bind', '127.0.0.1')
		.option('--json', 'print the back-ends as NDJSON')
		.action(async (specs: string[], options: BackendOptions) => {
			end(await (await import('./commands/backend.ts')).backend(specs, options, context));
		});
	program
		.command('cert')
		.description('issue a certificate from the local authority')
		.argument('[names...]', 'host names, wildcards and addresses (default: localhost 127.0.0.1 ::1)')
		.option('--rsa', 'an RSA-2048 key instead of EC P-256')
		.option('--pkcs1', 'write the key as PKCS#1, the form that the cloud takes (with --rsa)')
		.option('-o, --out <directory>', 'where to write it', 'certs')
		.option('--json', 'print what was written as JSON')
		.action(async (names: string[], options: CertOptions) => {
			end(await (await import('./commands/cert.ts')).cert(names, options, context));
		});
	describeTrust(program, context, end);
	program
		.command('check')
		.description('validate a configuration')
		.argument('[config]', 'the file (default: LB_LOCAL_CONFIG, else lb-local.yaml, .yml or .json)')
		.option('--json', 'print the result as JSON')
		.action(async (file: string | undefined, options: CheckOptions) => {
			end(await (await import('./commands/check.ts')).check(file, options, context));
		});
	program
		.command('init')
		.description('write a commented configuration to start from')
		.argument('[file]', 'where to write it', 'lb-local.yaml')
		.option('--force', 'replace the file if there is one')
		.action(async (file: string, options: InitOptions) => {
			end(await (await import('./commands/init.ts')).init(file, options, context));
		});
	describeControlCommands(program, context, end);
	return program;
}

function proxyUnknown(): Option {
	const what = 'what becomes of names asked for by CONNECT that are no load balancer’s (default: refuse)';
	return new Option('--proxy-unknown <rule>', what).choices(['refuse', 'tunnel']);
}

interface RunParts {
	/** What stands after `--`, which is not for the parser. */
	readonly command: readonly string[] | undefined;
	readonly context: CommandContext;
	readonly end: (exitCode: number) => void;
}

function describeRun(program: Command, {command, context, end}: RunParts): void {
	program
		.command('run')
		.usage('[options] [config] -- command...')
		.description('run load balancers for as long as a command runs, and return its exit code')
		.argument('[config]', 'a configuration file')
		.option('--settled', 'wait also until each back-end has had its first verdict')
		.addOption(
			new Option('--ports <rule>', 'exact: the ports as written or none (default: any free ports)').choices([
				'exact',
				'free',
			]),
		)
		.option('--proxy', 'set HTTPS_PROXY and NO_PROXY: every client of the command reaches load balancers by name')
		.addOption(proxyUnknown())
		.allowExcessArguments(true)
		.addHelpText('after', RUN_HELP_AFTER)
		.action(async (config: string | undefined, options: RunOptions, {args}: Command) => {
			const {run} = await import('./commands/run.ts');
			// `lb-local run npm test`, without the hyphens.
			const target = args.length > 1 ? {config, command: undefined} : {config, command};
			end(await run(target, options, context));
		});
}

const HELP_AFTER = `
Examples:
  $ lb-local up                                   the demo: three load balancers and curl lines to try
  $ lb-local up "https:443 -> http:80" --backend 127.0.0.1:3000
  $ lb-local init && lb-local up                  your own configuration

Exit codes: 0 done, 1 failed, 2 wrong usage or configuration, 130 interrupted.
NO_COLOR=1 leaves colours away; DEBUG=lb-local shows where errors come from.`;

const UP_HELP_AFTER = `
Without arguments: the configuration of LB_LOCAL_CONFIG (YAML or JSON, or a path), else lb-local.yaml, .yml or .json of this
directory, or the demo where there is none.
Ports: what you wrote. A port below 1024 without the privilege, or taken by another load balancer of the same
configuration, becomes port + 10000, or else the next free one, and this is said.
A configuration file is read again when it changes and on SIGHUP, and what differs is carried out.
\`lb-local stop\` in the same directory stops it with exit code 0, also when npx runs it: npx passes no signal on.
SIGTERM stops it with exit code 0, Ctrl-C with 130; a second signal stops it at once. So does a terminal that is closed.
Lines wait for a reader that is slow: up to 10,000 exchanges or 8 MiB, then the oldest are dropped and counted.`;

const RUN_HELP_AFTER = `
Example:
  $ lb-local run -- npm test                      with lb-local.yaml, .yml or .json of this directory, if there is one

The command gets LB_LOCAL_ENDPOINT (the control port), LB_LOCAL_<NAME>_URL for each load balancer, and NODE_EXTRA_CA_CERTS,
SSL_CERT_FILE, REQUESTS_CA_BUNDLE, CURL_CA_BUNDLE and AWS_CA_BUNDLE, by which it trusts their certificates. Clients of AWS in it
are pointed at the control port, with keys that are nobody's.
Standard output is the command's alone. Its exit code is returned: 128 and the number of a signal that ended it, 127 when
it is not found, 126 when it cannot be executed. Exchanges that failed are shown on standard error at the end.`;
