import {Argument, type Command, Option} from 'commander';
import type {CommandContext} from './command-context.ts';
import type {EnvOptions} from './commands/env.ts';
import type {FaultOptions, RemoveFaultOptions} from './commands/fault.ts';
import type {OpenOptions} from './commands/open.ts';
import type {ReadyOptions} from './commands/ready.ts';
import type {SetOptions} from './commands/set.ts';
import type {StatusOptions} from './commands/status.ts';
import type {StopOptions} from './commands/stop.ts';
import type {TrafficOptions} from './commands/traffic.ts';

const WAIT = ['--wait', 'wait up to 40 s for an instance that is starting'] as const;
const ENDPOINT = [
	'--endpoint <url>',
	'the control port to talk to (default: that of the instance that runs here)',
] as const;

/** The commands that talk to a running instance, for the parser. */
export function describeControlCommands(
	program: Command,
	context: CommandContext,
	end: (exitCode: number) => void,
): void {
	describeShown(program, context, end);
	describeWaits(program, context, end);
	describeSet(program, context, end);
	describeFault(program, context, end);
	describeEnv(program, context, end);
}

function describeShown(program: Command, context: CommandContext, end: (exitCode: number) => void): void {
	program
		.command('status')
		.description('show what the running instance runs')
		.option(...ENDPOINT)
		.option(...WAIT)
		.option('--config', 'print it as a configuration that starts the same again')
		.option('--json', 'print all of its state, or with --config the configuration, as JSON')
		.action(async (options: StatusOptions) => {
			end(await (await import('./commands/status.ts')).status(options, context));
		});
	program
		.command('open')
		.description('open the page that shows what the running instance runs, or print its address')
		.option(...ENDPOINT)
		.option(...WAIT)
		.option('--print', 'print the address, and open nothing')
		.action(async (options: OpenOptions) => {
			end(await (await import('./commands/open.ts')).open(options, context));
		});
	program
		.command('traffic')
		.description('print what the running instance has recorded, one line per exchange')
		.option('-f, --follow', 'go on with what comes')
		.option('--lb <name>', 'of one load balancer alone')
		.option('--filter <filter>', 'such as "status:5xx -backend:app-1"; README.md has its grammar')
		.option('--limit <count>', 'how many at most of what is recorded (default: 500)')
		.option(...ENDPOINT)
		.option('--json', 'print whole exchanges as NDJSON')
		.action(async (options: TrafficOptions) => {
			end(await (await import('./commands/traffic.ts')).traffic(options, context));
		});
}

function describeWaits(program: Command, context: CommandContext, end: (exitCode: number) => void): void {
	program
		.command('ready')
		.description('wait until the instance that was started in this directory is ready')
		.option('--endpoint <url>', 'the control port of the instance to wait for, wherever it was started')
		.option('--timeout <duration>', 'how long to wait (default: 30s)')
		.option('--settled', 'wait also until each back-end has had its first verdict')
		.option('-q, --quiet', 'print errors only')
		.action(async (options: ReadyOptions) => {
			end(await (await import('./commands/ready.ts')).ready(options, context.output));
		});
	program
		.command('stop')
		.description('stop the instance that was started in this directory, and wait until it has ended')
		.option('--endpoint <url>', 'the control port of the instance to stop, wherever it was started')
		.option('--json', 'print what was stopped as JSON')
		.action(async (options: StopOptions) => {
			end(await (await import('./commands/stop.ts')).stop(options, context));
		});
}

function describeSet(program: Command, context: CommandContext, end: (exitCode: number) => void): void {
	const set = program.command('set').description('change what the running instance does');
	set
		.command('health')
		.description('take a back-end in or out of service; auto leaves it to the probes')
		.argument('<load-balancer/back-end>', 'such as web/app-1')
		.addArgument(new Argument('<state>').choices(['InService', 'OutOfService', 'auto']))
		.option(...ENDPOINT)
		.option('--json', 'print the result as JSON')
		.action(async (target: string, state: string, options: SetOptions) => {
			end(await (await import('./commands/set.ts')).setHealth(target, state, options, context));
		});
	set
		.command('vm')
		.description('say where a VM is that an API names by its id')
		.argument('<id>', 'such as i-0000000a')
		.argument('<address>', "host:port, or a host alone: the listener's back-end port then")
		.option(...ENDPOINT)
		.option('--json', 'print all VMs as JSON')
		.action(async (id: string, address: string, options: SetOptions) => {
			end(await (await import('./commands/set.ts')).setVm(id, address, options, context));
		});
}

function describeFault(program: Command, context: CommandContext, end: (exitCode: number) => void): void {
	const fault = program.command('fault').description('arm, list and remove faults in the running instance');
	fault
		.command('add')
		.description('arm a fault')
		.argument('<rule...>', 'the load balancer, where there are several, and the rule')
		.option(...ENDPOINT)
		.option('--json', 'print it as JSON, with its id')
		.addHelpText('after', FAULT_HELP_AFTER)
		.action(async (words: readonly string[], options: FaultOptions) => {
			end(await (await import('./commands/fault.ts')).addFault(words, options, context));
		});
	fault
		.command('list')
		.description('show what is armed, and how often it has fired')
		.option(...ENDPOINT)
		.option('--json', 'print it as JSON')
		.action(async (options: FaultOptions) => {
			end(await (await import('./commands/fault.ts')).listFaults(options, context));
		});
	fault
		.command('remove')
		.description('remove a fault; with --all those of a load balancer, or all')
		.argument('[id]', 'such as web/1, or api:1 for the API of the cloud; with --all a load balancer')
		.option('--all', 'all of them')
		.option(...ENDPOINT)
		.option('--json', 'print what was removed as JSON')
		.action(async (reference: string | undefined, options: RemoveFaultOptions) => {
			end(await (await import('./commands/fault.ts')).removeFaults(reference, options, context));
		});
}

const FAULT_HELP_AFTER = `
A rule is a place, a fault, and what else is to be said of it; README.md has all of it:
  $ lb-local fault add web backend:app-1 reset:on-reuse
  $ lb-local fault add web listener:443 latency:200ms jitter:50ms path:/api/*
  $ lb-local fault add web backend:app-1 status:503 "body:try later" times:2
  $ lb-local fault add api throttle operation:Create* times:2      the API of the cloud`;

function describeEnv(program: Command, context: CommandContext, end: (exitCode: number) => void): void {
	program
		.command('env')
		.description("print the exports that point the cloud's clients at the running instance")
		.option(...ENDPOINT)
		.option(...WAIT)
		.option('--proxy', 'also HTTPS_PROXY and NO_PROXY: every client reaches load balancers by name, and no other host')
		.addOption(
			new Option('--format <format>', 'how they are printed (default: shell)').choices([
				'shell',
				'json',
				'dotenv',
				'powershell',
			]),
		)
		.option('--json', 'the same as --format json')
		.addHelpText('after', ENV_HELP_AFTER)
		.action(async (options: EnvOptions) => {
			end(await (await import('./commands/env.ts')).env(options, context));
		});
}

const ENV_HELP_AFTER = `
Example:
  $ eval "$(lb-local env)"                        then osc-sdk-python, Terraform, aws, boto3 … talk to it
  $ lb-local env --format dotenv >> "$GITHUB_ENV"
  PS> lb-local env --format powershell | Out-String | Invoke-Expression`;
