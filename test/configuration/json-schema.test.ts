import {readdirSync, readFileSync} from 'node:fs';
import path from 'node:path';
import test from 'ava';
import {parse} from 'yaml';
import {configJsonSchema} from '../../scripts/write-schema.ts';

const FIXTURES = path.resolve(import.meta.dirname, '../../fixtures/configurations');

/** As much of JSON Schema as the written file uses. */
interface JsonSchema {
	readonly type?: string;
	readonly properties?: Readonly<Record<string, JsonSchema>>;
	readonly required?: readonly string[];
	readonly additionalProperties?: boolean | JsonSchema;
	readonly patternProperties?: Readonly<Record<string, JsonSchema>>;
	readonly items?: JsonSchema;
	readonly anyOf?: readonly JsonSchema[];
	readonly oneOf?: readonly JsonSchema[];
	readonly const?: unknown;
	readonly enum?: readonly unknown[];
	readonly pattern?: string;
	readonly minimum?: number;
	readonly maximum?: number;
	readonly description?: string;
}

const KNOWN = new Set([
	'$schema',
	'title',
	'examples',
	'propertyNames',
	'type',
	'properties',
	'required',
	'additionalProperties',
	'patternProperties',
	'items',
	'anyOf',
	'oneOf',
	'const',
	'enum',
	'pattern',
	'minimum',
	'maximum',
	'description',
]);

function accepts(schema: JsonSchema, value: unknown): boolean {
	const unread = Object.keys(schema).filter(key => !KNOWN.has(key));
	if (unread.length > 0) throw new Error(`this test does not read ${unread.join(', ')}`);
	const {type, anyOf, oneOf, enum: values, pattern, minimum, maximum} = schema;
	if (anyOf !== undefined && !anyOf.some(option => accepts(option, value))) return false;
	if (oneOf !== undefined && oneOf.filter(option => accepts(option, value)).length !== 1) return false;
	if ('const' in schema && schema.const !== value) return false;
	if (values !== undefined && !values.includes(value)) return false;
	if (type !== undefined && type !== typeOf(value) && !(type === 'number' && typeOf(value) === 'integer')) return false;
	if (typeof value === 'string' && pattern !== undefined && !new RegExp(pattern).test(value)) return false;
	if (typeof value === 'number' && (value < (minimum ?? value) || value > (maximum ?? value))) return false;
	if (Array.isArray(value)) return value.every(item => accepts(schema.items ?? {}, item));
	return typeof value !== 'object' || value === null || acceptsEntries(schema, value);
}

function acceptsEntries(
	{properties = {}, required = [], patternProperties = {}, additionalProperties = true}: JsonSchema,
	value: object,
): boolean {
	if (required.some(key => !Object.hasOwn(value, key))) return false;
	return Object.entries(value).every(([key, item]) => {
		const [, ofPattern] = Object.entries(patternProperties).find(([pattern]) => new RegExp(pattern).test(key)) ?? [];
		const property = properties[key] ?? ofPattern ?? additionalProperties;
		return typeof property === 'boolean' ? property : accepts(property, item);
	});
}

function typeOf(value: unknown): string {
	if (value === null) return 'null';
	if (Array.isArray(value)) return 'array';
	return Number.isInteger(value) ? 'integer' : typeof value;
}

/** Every key that a schema has somewhere, and every key that a document has where the schema names keys. */
function keysOf(schema: JsonSchema): string[] {
	const inner = [
		...Object.values(schema.properties ?? {}),
		...(schema.anyOf ?? []),
		...(schema.oneOf ?? []),
		...(schema.items === undefined ? [] : [schema.items]),
		...(typeof schema.additionalProperties === 'object' ? [schema.additionalProperties] : []),
	];
	return [...Object.keys(schema.properties ?? {}), ...inner.flatMap(keysOf)];
}

function keysIn(value: unknown): string[] {
	if (typeof value !== 'object' || value === null) return [];
	const own = Array.isArray(value) ? [] : Object.keys(value);
	return [...own, ...Object.values(value).flatMap(keysIn)];
}

function documentsOf(folder: string): {name: string; value: unknown}[] {
	const directory = path.join(FIXTURES, folder);
	return readdirSync(directory).map(name => ({name, value: parse(readFileSync(path.join(directory, name), 'utf8'))}));
}

const schema = configJsonSchema() as JsonSchema; // What the walk above does not know, it throws on.

for (const {name, value} of documentsOf('valid')) {
	test(`editors accept valid/${name}`, t => {
		t.true(accepts(schema, value));
	});
}

test('editors mark what they can know is wrong', t => {
	const wrong = [
		{control: {prt: 1}},
		{'X-app': {}},
		{backends: {app: {kind: 'echo', 'x-app': 1}}},
		{'<<': {}},
		null,
		{control: {port: -1}},
		{vms: {'i-0000000a': 70_000}},
		{backends: {app: 0}},
		{backends: {app: 3000.5}},
		{account: {nets: [{}]}},
		{loadBalancers: {web: {}}},
		{loadBalancers: {web: {listeners: ['htps:443']}}},
		...[{cookie: 'a', seconds: 1}, {secs: 1}, {seconds: 0}, {seconds: 1.5}, true].map(stickiness => ({
			loadBalancers: {web: {listeners: [{listen: 'http:80', stickiness}]}},
		})),
		...[
			{healthCheck: {target: 'HTTP/80'}},
			{healthCheck: {target: 'TCP:80/x'}},
			{healthCheck: {healthy: 0}},
			{rules: [{path: '/', to: ['a']}]},
			{rules: [{priority: 20_000, path: '/', to: ['a']}]},
			{draining: true},
			{accessLog: {file: 'a', prefix: 'b'}},
			{accessLog: {folder: 'a', interval: '10m'}},
			{faults: [{on: 'backend:a'}]},
			{faults: [{on: 'a', do: {close: true}}]},
			{faults: [{on: 'backend:a', do: {reset: 'never'}}]},
			{faults: [{on: 'backend:a', do: {status: 99}}]},
		].map(more => ({loadBalancers: {web: {listeners: ['http:80'], ...more}}})),
		...['60', 60, 0, '60d'].flatMap(duration => [
			{control: {lifecycle: duration}},
			{backends: {app: {kind: 'reply', delay: duration}}},
			{backends: {app: {kind: 'reply', keepAlive: duration}}},
			...[
				{idleTimeout: duration},
				{headTimeout: duration},
				{connectTimeout: duration},
				{draining: duration},
				{healthCheck: {interval: duration}},
				{healthCheck: {timeout: duration}},
			].map(more => ({loadBalancers: {web: {listeners: ['http:80'], ...more}}})),
		]),
		{backends: {app: {kind: 'ecko'}}},
		{backends: {app: {kind: 'echo', count: 101}}},
		{backends: {app: {kind: 'echo', proxyProtocol: true}}},
		{backends: {app: {kind: 'tcp', mode: 'echo', proxyProtocol: 'acept'}}},
		{backends: {app: {host: '127.0.0.1', proxyProtocol: 'off'}}},
		{certificates: {web: {names: 'web.test'}}},
	];

	t.deepEqual(
		wrong.map(document => accepts(schema, document)),
		wrong.map(() => false),
	);
});

test('the fixture with every key has every key that the schema names', t => {
	const every = documentsOf('valid').find(({name}) => name === 'every-key.yaml')?.value;

	const missing = keysOf(schema).filter(key => !keysIn(every).includes(key));

	t.deepEqual([...missing], []);
});

test('the schema has a title and says what its sections are', t => {
	t.like(configJsonSchema(), {
		title: 'lb-local configuration',
		properties: {backends: {description: 'Back-ends by name.'}},
	});
});
