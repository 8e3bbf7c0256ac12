import * as v from 'valibot';
import {quote} from '../../base/quote.ts';
import {alternatives} from '../../base/suggest.ts';
import {type RawFaultRule, readFaultText} from '../../model/fault-text.ts';
import type {CommandContext} from '../command-context.ts';
import {ControlClient, strangerAt} from '../control-client.ts';
import {EXIT, usageError} from '../exit-codes.ts';
import {findEndpoint} from '../find-endpoint.ts';
import {readRunningState} from '../running-state.ts';
import {printable} from '../text.ts';

export interface FaultOptions {
	readonly endpoint?: string;
	readonly json?: boolean;
}

export interface RemoveFaultOptions extends FaultOptions {
	readonly all?: boolean;
}

const fault = v.object({
	loadBalancer: v.exactOptional(v.string()),
	id: v.number(),
	text: v.string(),
	hits: v.number(),
});
type Fault = v.InferOutput<typeof fault>;

const EXAMPLE = 'lb-local fault add web backend:app-1 reset:on-reuse';

/**
 * Arms a fault in the running instance.
 *
 * @param words the load balancer, where it is not the only one, and the rule in its text form, as one word or several.
 * @throws EmulatorError `USAGE`, `CONTROL_UNREACHABLE`, `CONTROL_STRANGER`, `NO_SUCH_LOAD_BALANCER`, `INVALID_DESCRIPTION`
 */
export async function addFault(
	words: readonly string[],
	options: FaultOptions,
	{output}: CommandContext,
): Promise<number> {
	const {named, rule} = readWords(words);
	const client = new ControlClient(await findEndpoint({given: options.endpoint}));
	const loadBalancer = rule['on'] === 'api' && named === undefined ? undefined : (named ?? (await onlyOne(client)));
	const json = await client.post('/_lb/faults', {...(loadBalancer === undefined ? {} : {loadBalancer}), ...rule});
	const {fault: armed} = parsed(v.object({fault}), json, client);
	output.data(options.json === true ? JSON.stringify(json) : printable(`${referenceOf(armed)} ${armed.text}`));
	return EXIT.ok;
}

/** @throws EmulatorError `USAGE`, `CONTROL_UNREACHABLE`, `CONTROL_STRANGER` */
export async function listFaults(options: FaultOptions, {output}: CommandContext): Promise<number> {
	const client = new ControlClient(await findEndpoint({given: options.endpoint}));
	const json = await client.get('/_lb/faults');
	const {faults} = parsed(v.object({faults: v.array(fault)}), json, client);
	if (options.json === true) output.data(JSON.stringify(json));
	else for (const each of faults) output.data(printable(lineOf(each)));
	if (faults.length === 0 && options.json !== true) output.say('lb-local: no fault is armed');
	return EXIT.ok;
}

/**
 * Removes a fault, all of one load balancer, or all.
 *
 * @param reference `web/1`, `api:1`; with `all` the name of a load balancer, or undefined.
 * @throws EmulatorError `USAGE`, `CONTROL_UNREACHABLE`, `CONTROL_STRANGER`, `NO_SUCH_FAULT`
 */
export async function removeFaults(
	reference: string | undefined,
	options: RemoveFaultOptions,
	{output}: CommandContext,
): Promise<number> {
	const body = options.all === true ? allOf(reference) : readReference(reference);
	const client = new ControlClient(await findEndpoint({given: options.endpoint}));
	const json = await client.delete('/_lb/faults', body);
	const {removed} = parsed(v.object({removed: v.array(fault)}), json, client);
	if (options.json === true) output.data(JSON.stringify(json));
	else for (const each of removed) output.data(printable(`removed ${lineOf(each)}`));
	if (removed.length === 0 && options.json !== true) output.say('lb-local: no fault was armed');
	return EXIT.ok;
}

/** `web/1`, and `api:1` for the cloud's API, whatever a load balancer is called. */
function referenceOf({loadBalancer, id}: Fault): string {
	return loadBalancer === undefined ? `api:${id}` : `${loadBalancer}/${id}`;
}

function lineOf(each: Fault): string {
	return `${referenceOf(each)}  ${each.text}  ${each.hits} ${each.hits === 1 ? 'hit' : 'hits'}`;
}

function allOf(loadBalancer: string | undefined): object {
	return {all: true, ...(loadBalancer === undefined ? {} : {loadBalancer})};
}

/** @throws EmulatorError `USAGE` */
function readReference(reference: string | undefined): object {
	const [, loadBalancer, number] = /^(?:api:|([^/]+)\/)(\d{1,9})$/.exec(reference ?? '') ?? [];
	if (number !== undefined) return {...(loadBalancer === undefined ? {} : {loadBalancer}), id: Number(number)};
	const problem = reference === undefined ? 'no fault is named' : `${quote(reference)} names no fault`;
	throw usageError(
		`${problem}; write its id, such as web/1 or api:1, or --all`,
		'`lb-local fault list` shows their ids.',
	);
}

/**
 * The load balancer, if it stands before the rule, and the rule.
 *
 * @throws EmulatorError `USAGE` with all that could not be read.
 */
function readWords(words: readonly string[]): {readonly named: string | undefined; readonly rule: RawFaultRule} {
	const [first = '', ...rest] = words;
	// A load balancer may be called api: then there is another place behind it.
	const isNamed = !isPlace(first) || (first === 'api' && rest.some(word => /^(?:backend|listener):/.test(word)));
	const said = isNamed ? rest : words;
	// One word may be a whole rule; of several, each that has spaces is a value that has.
	const text = said.length === 1 ? (said[0] ?? '') : said.map(quoted).join(' ');
	const read = readFaultText(text);
	if ('rule' in read) return {named: isNamed ? first : undefined, rule: read.rule};
	const problems = read.violations.map(({message, hint}) => `${message}${hint === undefined ? '' : ` (${hint})`}`);
	throw usageError(`${quote(text)} is no fault: ${problems.join('; ')}`, EXAMPLE);
}

function isPlace(word: string): boolean {
	return /^(?:(?:backend|listener):|api(?:\s|$))/.test(word);
}

/** `body:try later`, as a shell gives it, in the text form of a rule. */
function quoted(word: string): string {
	const colon = word.indexOf(':');
	if (colon === -1 || !/\s/.test(word) || word[colon + 1] === '"') return word;
	return `${word.slice(0, colon)}:"${word.slice(colon + 1).replace(/["\\]/g, found => `\\${found}`)}"`;
}

/** @throws EmulatorError `USAGE` when there are several load balancers, or none. */
async function onlyOne(client: ControlClient): Promise<string> {
	const {loadBalancers} = (await readRunningState(client)).state;
	const [only, ...others] = loadBalancers.map(({name}) => name);
	if (only !== undefined && others.length === 0) return only;
	const there = only === undefined ? 'none runs' : `there is ${alternatives([only, ...others])}`;
	throw usageError(`Of which load balancer? Its name stands before the rule; ${there}`, EXAMPLE);
}

function parsed<Schema extends v.GenericSchema>(
	schema: Schema,
	json: unknown,
	client: ControlClient,
): v.InferOutput<Schema> {
	const read = v.safeParse(schema, json);
	if (!read.success) throw strangerAt(client.endpoint);
	return read.output;
}
