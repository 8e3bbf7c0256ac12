import {quote} from '../../base/quote.ts';
import {alternatives, didYouMean} from '../../base/suggest.ts';
import {type TrustLines, trustedAuthority, trustLines} from '../../certificates/trust-lines.ts';
import {localAuthority} from '../authority.ts';
import type {CommandContext} from '../command-context.ts';
import {EXIT, usageError} from '../exit-codes.ts';

export interface TrustOptions {
	readonly json?: boolean;
}

/**
 * Prints the lines that make systems and programs trust the local authority, and those that take it back. It changes
 * nothing itself.
 *
 * @param chosen names of systems and programs; all of them unless given.
 * @throws EmulatorError `USAGE`, `AUTHORITY_UNUSABLE`
 */
export async function trust(
	chosen: readonly string[],
	{json = false}: TrustOptions,
	{output}: CommandContext,
): Promise<number> {
	// Before an authority is created for a name that is none.
	choose(trustLines({file: '', sha1: '', sha256: ''}, false), chosen);
	const trusted = trustedAuthority(await localAuthority(output, 'longer'));
	const {file, fingerprint256, notAfter} = trusted;
	const all = trustLines(trusted, process.platform === 'win32');
	const found = choose(all, chosen);
	if (json) {
		output.data(JSON.stringify({authority: {file, fingerprint256, notAfter}, programs: found}));
		return EXIT.ok;
	}
	for (const [index, each] of found.entries()) {
		if (index > 0) output.data('');
		for (const line of shown(each)) output.data(line);
	}
	output.say('');
	output.say(`The authority is ${file}, SHA-256 ${fingerprint256}. Nothing has been changed.`);
	return EXIT.ok;
}

function choose(all: readonly TrustLines[], chosen: readonly string[]): TrustLines[] {
	const names = all.map(({name}) => name);
	const wrong = chosen.find(name => !names.includes(name.toLowerCase()));
	if (wrong !== undefined) {
		const message = `${quote(wrong)} is not known here; allowed are ${alternatives(names)}`;
		throw usageError(message, didYouMean(wrong, names));
	}
	const wanted = new Set(chosen.map(name => name.toLowerCase()));
	return all.filter(({name}) => wanted.size === 0 || wanted.has(name));
}

function shown({name, title, note, trust: lines, takeBack}: TrustLines): string[] {
	return [
		`${name}: ${title}${note === undefined ? '' : `; ${note}`}`,
		...lines.map(line => `  ${line}`),
		'to take it back:',
		...takeBack.map(line => `  ${line}`),
	];
}
