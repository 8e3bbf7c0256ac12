import {EmulatorError, formatPath, hasCode, type Violation} from '../../base/errors.ts';
import {
	type ConfigFile,
	type LocatedViolation,
	type LookFurther,
	readConfigFile,
	readConfigText,
} from '../../configuration/config-file.ts';
import {validateFiles} from '../../emulator/validate-files.ts';
import type {UsableCertificate} from '../../model/account.ts';
import {CONFIG_FILES, type ConfigChoice, usualConfig} from '../arguments.ts';
import type {CommandContext} from '../command-context.ts';
import {EXIT, usageError} from '../exit-codes.ts';
import {countOf} from '../text.ts';

export interface CheckOptions {
	readonly json?: boolean;
}

/**
 * Validates a configuration, its certificate files, and the paths it writes to; nothing is bound or started.
 *
 * @throws EmulatorError `CONFIG_NOT_FOUND`, `CONFIG_INVALID` with every violation and its place.
 */
export async function check(
	given: string | undefined,
	{json = false}: CheckOptions,
	{output}: CommandContext,
): Promise<number> {
	const choice: ConfigChoice | undefined = given === undefined ? usualConfig() : {file: given};
	if (choice === undefined) {
		throw usageError(
			`there is no ${CONFIG_FILES.join(', ')} in this directory`,
			'lb-local check file.yaml, or lb-local init to write one.',
		);
	}
	const {file, text} = choice;
	try {
		const warnings: string[] = [];
		const lookFurther: LookFurther = async (config, found) => {
			// Without an authority no certificate is issued.
			const {certificates, violations} = await validateFiles(config, found, {authority: undefined});
			warnings.push(...[...certificates].flatMap(([name, each]) => warningsOf(name, each)));
			return violations;
		};
		const read =
			text === undefined
				? await readConfigFile(file, lookFurther)
				: await readConfigText(text.text, text.name, lookFurther);
		for (const warning of warnings) output.warn(warning);
		output.data(
			json ? JSON.stringify({file, ok: true, ...summaryOf(read), warnings}) : `${file}: ok (${sentenceOf(read)})`,
		);
		return EXIT.ok;
	} catch (error) {
		if (!json || !(error instanceof EmulatorError) || !hasCode(error, 'CONFIG_INVALID')) throw error;
		const {moreViolations} = error;
		const more = moreViolations === 0 ? {} : {moreViolations};
		output.data(JSON.stringify({file, ok: false, violations: error.violations.map(violationJson), ...more}));
		return EXIT.usage;
	}
}

function summaryOf({config}: ConfigFile) {
	const loadBalancers = [...config.loadBalancers.values()];
	return {
		loadBalancers: loadBalancers.length,
		listeners: loadBalancers.reduce((sum, {listeners}) => sum + listeners.length, 0),
		backends: new Set([...config.backends.values()].flat()).size,
		certificates: config.certificates.size,
	};
}

function sentenceOf(read: ConfigFile): string {
	const {loadBalancers, listeners, backends, certificates} = summaryOf(read);
	return [
		countOf(loadBalancers, 'load balancer'),
		countOf(listeners, 'listener'),
		countOf(backends, 'back-end'),
		countOf(certificates, 'certificate'),
	].join(', ');
}

function violationJson(violation: Violation): object {
	const {path, message, hint} = violation;
	// Violations of a configuration file have a location; a file that is not text has no violations.
	const {line, column} = (violation as Partial<LocatedViolation>).location ?? {};
	return {path: formatPath(path), message, hint, line, column};
}

/** What works but may fail elsewhere. */
function warningsOf(name: string, {warnings}: UsableCertificate): string[] {
	return warnings.map(warning => `certificate ${name}: ${warning}`);
}
