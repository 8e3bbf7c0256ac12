import {mkdir, writeFile} from 'node:fs/promises';
import path from 'node:path';
import {fileURLToPath} from 'node:url';
import {toJsonSchema} from '@valibot/to-json-schema';
import {configSchema} from '../src/configuration/schema.ts';

/** The JSON Schema of the configuration file, which editors complete from. */
export function configJsonSchema(): object {
	// What a custom check means stands in the metadata beside it, as JSON Schema.
	const schema = toJsonSchema(configSchema, {errorMode: 'ignore'});
	const described = {
		...schema,
		title: 'lb-local configuration',
		description: 'Load balancers, back-ends and certificates of lb-local.',
		// Keys of the user's own at the top.
		patternProperties: {'^x-': {}},
	};
	return JSON.parse(JSON.stringify(described, withoutRemarks));
}

/**
 * Remarks on keys, `refused`, are for our own messages; the converter copies all metadata. Keys of which nothing is
 * known are let through in code, and no file needs them.
 */
function withoutRemarks(key: string, value: unknown): unknown {
	if (key === 'refused') return undefined;
	if (key !== 'properties' || typeof value !== 'object' || value === null) return value;
	return Object.fromEntries(Object.entries(value).filter(([, schema]) => Object.keys(schema).length > 0));
}

/** `npm run build` calls this after the compiler: the schema ships beside the code. */
export async function writeSchema(file: string): Promise<void> {
	await mkdir(path.dirname(file), {recursive: true});
	await writeFile(file, `${JSON.stringify(configJsonSchema(), undefined, '\t')}\n`);
}

const thisFile = fileURLToPath(import.meta.url);
if (process.argv[1] !== undefined && path.resolve(process.argv[1]) === thisFile) {
	await writeSchema(path.resolve(path.dirname(thisFile), '../schema.json'));
}
