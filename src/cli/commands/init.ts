import {stat, writeFile} from 'node:fs/promises';
import {EmulatorError, hasCode, messageOf} from '../../base/errors.ts';
import {shellWord} from '../../base/shell-word.ts';
import type {CommandContext} from '../command-context.ts';
import {EXIT, usageError} from '../exit-codes.ts';
import {STARTER_CONFIG} from '../starter-config.ts';

export interface InitOptions {
	readonly force?: boolean;
}

/**
 * Writes a commented configuration that runs without changes.
 *
 * @throws EmulatorError `USAGE` when the file exists and `--force` is not given, `FILE_UNWRITABLE`.
 */
export async function init(file: string, {force = false}: InitOptions, {output}: CommandContext): Promise<number> {
	if (!/\.ya?ml$/i.test(file))
		throw usageError(`${file} must end in .yaml or .yml`, 'the configuration is written with comments, as YAML.');
	try {
		// `wx` creates the file or fails in one step, so that a file written in between is not lost.
		if (!force) await writeFile(file, STARTER_CONFIG, {flag: 'wx'});
		else if ((await stat(file).catch(() => undefined))?.isFile() === false) {
			throw usageError(`${file} is not a file that can be replaced`, 'choose another path.');
		} else await writeFile(file, STARTER_CONFIG);
	} catch (error) {
		if (hasCode(error, 'USAGE')) throw error;
		if (hasCode(error, 'EEXIST')) throw usageError(`${file} exists already`, '--force replaces it.');
		throw new EmulatorError('FILE_UNWRITABLE', `Cannot write ${file}: ${messageOf(error)}`, {
			hint: 'Choose a path that you may write to.',
			cause: error,
		});
	}
	output.data(file);
	const argument = file === 'lb-local.yaml' ? '' : ` ${shellWord(file)}`;
	output.say(`Next: lb-local check${argument}, and lb-local up${argument}`);
	return EXIT.ok;
}
