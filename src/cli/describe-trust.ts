import type {Command} from 'commander';
import type {CommandContext} from './command-context.ts';
import type {TrustOptions} from './commands/trust.ts';

/** The command `trust`, for the parser. */
export function describeTrust(program: Command, context: CommandContext, end: (exitCode: number) => void): void {
	program
		.command('trust')
		.description('print the lines that make systems and programs trust the local authority; change nothing')
		.argument('[names...]', 'such as debian, chromium or java (default: all)')
		.option('--json', 'print them as JSON')
		.action(async (names: string[], options: TrustOptions) => {
			end(await (await import('./commands/trust.ts')).trust(names, options, context));
		});
}
