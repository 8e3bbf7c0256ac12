import {formatAddress} from '../../base/errors.ts';
import {shellWord} from '../../base/shell-word.ts';
import type {Authority} from '../../certificates/authority.ts';
import {issueDefective} from '../../certificates/defective.ts';
import {letterOf} from '../../configuration/describe-backend.ts';
import {type FakeBackend, startFakeBackend} from '../../fake-backends/fake-backend.ts';
import {localAuthority} from '../authority.ts';
import type {CommandContext} from '../command-context.ts';
import {type FakeChoice, readFakeChoice} from '../fake-choice.ts';
import {columns} from '../text.ts';
import {warnOfHost} from '../warn-of-host.ts';

export interface BackendOptions {
	readonly host: string;
	readonly json?: boolean;
}

/**
 * Runs fake back-ends until a signal comes.
 *
 * @throws EmulatorError `USAGE`, `PORT_UNAVAILABLE`; then none is left running.
 */
export async function backend(
	specs: readonly string[],
	options: BackendOptions,
	context: CommandContext,
): Promise<number> {
	const {output, interruption} = context;
	const {host, json = false} = options;
	const choices = (specs.length === 0 ? ['echo'] : specs).map(readFakeChoice);
	warnOfHost(host, output);
	const authority = choices.some(({tls}) => tls) ? await localAuthority(output) : undefined;
	const running: FakeBackend[] = [];
	try {
		for (const [index, choice] of choices.entries())
			running.push(await start(letterOf(index), choice, host, authority));
		const rows = running.map((fake, index) => rowOf(fake, choices[index]?.label ?? ''));
		const lines = json
			? rows.map(row => JSON.stringify(row))
			: columns(rows.map(({name, kind, url}) => [name, kind, url]));
		for (const line of lines) output.data(line);
		if (authority !== undefined) output.say(`Clients trust the certificates with ${shellWord(authority.file)}.`);
		output.say('Ctrl-C stops.');
		await interruption.wait();
		return interruption.exitCode;
	} finally {
		await Promise.all(running.map(fake => fake.stop()));
	}
}

function start(name: string, choice: FakeChoice, host: string, authority: Authority | undefined): Promise<FakeBackend> {
	const {behaviour, tls, defect, port} = choice;
	if (!tls || authority === undefined) return startFakeBackend({name, behaviour, host, port});
	const names = ['localhost', '127.0.0.1', '::1', name];
	const pair = defect === undefined ? authority.issue({names}) : issueDefective(authority, names, defect);
	const allowsWeakKey = defect === 'weak-key';
	return startFakeBackend({name, behaviour, host, port, tls: {mode: 'always', ...pair, allowsWeakKey}});
}

function rowOf(fake: FakeBackend, kind: string): {name: string; kind: string; url: string; host: string; port: number} {
	const {name, host, port, secure} = fake;
	const scheme = kind.startsWith('tcp') ? (secure ? 'ssl' : 'tcp') : secure ? 'https' : 'http';
	return {name, kind, url: `${scheme}://${formatAddress(host, port)}`, host, port};
}
