import type {Config} from '../configuration/spec.ts';
import {writeConfig} from '../configuration/write-config.ts';
import type {Account} from '../model/account.ts';
import type {NormalisedConfig} from '../model/normalised.ts';
import type {ConfigurationContent} from '../operations/configure.ts';
import type {Identifiers} from '../operations/identifiers.ts';
import {type Snapshot, snapshotOf} from '../operations/snapshot.ts';

/** What is described at the moment, as a configuration. */
export interface Described extends Snapshot {
	/** What a user would write for it: what `GET /_lb/config` answers. */
	readonly written: Config;
}

export interface DescribedOptions {
	/** The configuration as it was read last. */
	readonly configured: ConfigurationContent;
	/** As it was read first: two of its sections are read at the start alone. */
	readonly atStart: Pick<NormalisedConfig, 'control' | 'account'>;
	readonly identifiers: Identifiers;
}

export function describedIn(account: Account, {configured, atStart, identifiers}: DescribedOptions): Described {
	const {control, account: section} = atStart;
	const {described, certificates} = configured;
	const snapshot = snapshotOf(account, {
		configured: {described: {...described, control, account: section}, certificates},
		identifiers,
	});
	const {config, notWritten} = snapshot;
	return {...snapshot, written: writeConfig(config, {directory: process.cwd(), notWritten})};
}
