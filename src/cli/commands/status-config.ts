import {withoutSecrets} from '../../base/quote.ts';
import {formatJson, formatYaml, readWritten} from '../../configuration/format-config.ts';
import {type ControlClient, strangerAt} from '../control-client.ts';
import {EXIT} from '../exit-codes.ts';
import type {Output} from '../output.ts';
import {printable} from '../text.ts';

/**
 * Prints what the running instance runs as a configuration: YAML, or JSON. What is not written is told beside it as well,
 * for the configuration mostly goes into a file.
 *
 * @throws EmulatorError `CONTROL_UNREACHABLE`, `CONTROL_STRANGER`
 */
export async function statusConfig(
	client: ControlClient,
	{json}: {readonly json: boolean},
	output: Output,
): Promise<number> {
	const config = await client.get('/_lb/config');
	if (!isObject(config)) throw strangerAt(client.endpoint);
	const title = `What runs at ${client.endpoint}, as a configuration of lb-local.`;
	const text = json ? formatJson(config) : await formatYaml(config, title);
	output.data(withoutSecrets(text.trimEnd()));
	for (const sentence of readWritten(config).notWritten) output.warn(printable(sentence, 1000));
	return EXIT.ok;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
	return typeof value === 'object' && value !== null && !Array.isArray(value);
}
