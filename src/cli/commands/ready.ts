import {type IncomingMessage, request} from 'node:http';
import {millisecondsIn, readingsOf} from '../../base/duration.ts';
import {EmulatorError} from '../../base/errors.ts';
import {quote} from '../../base/quote.ts';
import {nowMs, wait} from '../../base/timers.ts';
import {EXIT, usageError} from '../exit-codes.ts';
import {readEndpoint} from '../find-endpoint.ts';
import type {Output} from '../output.ts';
import {readRunFiles} from '../run-file.ts';

export interface ReadyOptions {
	/** The control port of the instance to wait for, wherever it was started. */
	readonly endpoint?: string;
	/** Such as `30s`. */
	readonly timeout?: string;
	/** Waits for the first verdict of each back-end as well. */
	readonly settled?: boolean;
	readonly quiet?: boolean;
}

export const DEFAULT_TIMEOUT = '30s';
const POLL_MS = 50;
/** A guess: the control port answers this at once, but the machine may be busy. */
const ANSWER_TIMEOUT_MS = 5000;
/** More than the names of all back-ends of an account. */
const MAX_ANSWER_BYTES = 1024 * 1024;

/**
 * Waits until the instance that was started in this directory is ready. Another's is never taken for it: neither one of
 * another directory, nor one that has its port by now, nor the one of `LB_LOCAL_ENDPOINT`, which `env` sets for the
 * clients of a shell.
 *
 * Loaded without the rest of the command line: health checks of containers call it every few seconds.
 *
 * @throws EmulatorError `USAGE`, `NOT_READY` when the time is up, `CONTROL_STRANGER`
 */
export async function ready(options: ReadyOptions, output: Pick<Output, 'data'>): Promise<number> {
	const {endpoint, timeout = DEFAULT_TIMEOUT, settled = false, quiet = false} = options;
	const timeoutMs = readTimeout(timeout);
	const given = endpoint === undefined ? undefined : readEndpoint(endpoint, '--endpoint');
	const query = settled ? '?settled' : '';
	const look = () => (given === undefined ? lookHere(query) : lookAt(given, query));
	const deadline = nowMs() + timeoutMs;
	for (;;) {
		const seen = await look();
		if ('ready' in seen) {
			if (!quiet) output.data(`ready: process ${seen.ready.pid}, whose control port is ${seen.ready.endpoint}`);
			return EXIT.ok;
		}
		if (nowMs() >= deadline) throw notReady(timeout, seen);
		await wait(Math.min(POLL_MS, Math.max(1, deadline - nowMs())));
	}
}

/** What was found when it was looked at: one that is ready, or why there is none. */
type Seen =
	| {readonly ready: {readonly endpoint: string; readonly pid: number}}
	| {readonly why: string; readonly hint: string};

const NONE_HERE: Seen = {
	why: 'no instance of this directory answers',
	hint: '`lb-local up` starts one; --endpoint chooses one, wherever it was started.',
};

/** All that were started in this directory and still answer have to be ready. */
async function lookHere(query: string): Promise<Seen> {
	const here = (await readRunFiles()).filter(({cwd}) => cwd === process.cwd());
	const asked = await Promise.all(here.map(async ({endpoint, pid}) => ({pid, seen: await ask(endpoint, query)})));
	// One that was killed leaves its file; its port may be free, or another program's by now.
	const answers = asked.flatMap(({pid, seen}) => (seen.kind === 'answer' && seen.pid === pid ? seen : []));
	const [first] = answers;
	if (first === undefined) return NONE_HERE;
	return seenOf(answers.find(({why}) => why !== undefined) ?? first);
}

async function lookAt(endpoint: string, query: string): Promise<Seen> {
	const seen = await ask(endpoint, query);
	switch (seen.kind) {
		case 'answer':
			return seenOf(seen);
		case 'silent':
			return {why: `${endpoint} does not answer: ${seen.why}`, hint: '`lb-local up` prints its control port.'};
		case 'stranger':
			throw new EmulatorError(
				'CONTROL_STRANGER',
				`The server at ${endpoint} is not lb-local, or is another version of it`,
				{
					hint: '`lb-local up` prints its control port.',
				},
			);
	}
}

/** Probes that wait for their interval take 5 minutes by the defaults of the cloud. */
const SETTLES_SOONER =
	'A shorter `interval` and a lower `healthy` in `healthCheck` decide sooner, and --timeout waits longer; ' +
	'`lb-local run --settled` waits for no interval.';

function seenOf({endpoint, pid, why, isSettling}: Answered): Seen {
	if (why === undefined) return {ready: {endpoint, pid}};
	const hint = isSettling ? SETTLES_SOONER : '`lb-local status` shows what runs.';
	return {why: `process ${pid} at ${endpoint} ${why}`, hint};
}

interface Answered {
	readonly kind: 'answer';
	readonly endpoint: string;
	readonly pid: number;
	/** Why it is not ready. */
	readonly why: string | undefined;
	/** Whether that is because back-ends have had no verdict yet. */
	readonly isSettling: boolean;
}

type Asked = Answered | {readonly kind: 'silent'; readonly why: string} | {readonly kind: 'stranger'};

function ask(endpoint: string, query: string): Promise<Asked> {
	const signal = AbortSignal.timeout(ANSWER_TIMEOUT_MS);
	return new Promise(resolve => {
		const fail = (error: Error & {readonly code?: string}) => {
			// An error of Node's parser: the server does not speak HTTP.
			if (error.code?.startsWith('HPE_') === true) resolve({kind: 'stranger'});
			else resolve({kind: 'silent', why: error.code === 'ECONNREFUSED' ? 'nothing listens there' : error.message});
		};
		const sent = request(`${endpoint}/_lb/ready${query}`, {signal, agent: false}, response => {
			readAnswer(response).then(text => resolve(answerIn(endpoint, response, text)), fail);
		});
		sent.on('error', fail).end();
	});
}

async function readAnswer(response: IncomingMessage): Promise<string> {
	let text = '';
	for await (const piece of response.setEncoding('utf8')) {
		text += piece;
		if (text.length > MAX_ANSWER_BYTES) {
			response.destroy();
			return '';
		}
	}
	return text;
}

function answerIn(endpoint: string, {headers}: IncomingMessage, text: string): Asked {
	const {ready, pid, reason, undecided} = jsonIn(text);
	if (headers['server'] !== 'lb-local' || typeof ready !== 'boolean' || typeof pid !== 'number') {
		return {kind: 'stranger'};
	}
	const why = ready ? undefined : whyNot(reason, undecided);
	return {kind: 'answer', endpoint, pid, why, isSettling: reason === 'settling'};
}

/** How many back-ends a text names. */
const MAX_NAMED = 5;

function whyNot(reason: unknown, undecided: unknown): string {
	if (reason !== 'settling' || !Array.isArray(undecided)) return 'is stopping';
	const named = undecided.slice(0, MAX_NAMED).map(name => quote(String(name)));
	const left = undecided.length - named.length;
	return `has no verdict yet of ${named.join(', ')}${left > 0 ? ` and ${left} more` : ''}`;
}

function jsonIn(text: string): Readonly<Record<string, unknown>> {
	try {
		const value: unknown = JSON.parse(text);
		return typeof value === 'object' && value !== null ? {...value} : {};
	} catch {
		return {};
	}
}

function readTimeout(text: string): number {
	const ms = millisecondsIn(text);
	if (ms !== undefined) return ms;
	throw usageError(`--timeout ${quote(text)} is not a duration`, readingsOf(text) ?? 'write it like 500ms, 30s or 2m.');
}

function notReady(timeout: string, seen: Exclude<Seen, {readonly ready: unknown}>): EmulatorError<'NOT_READY'> {
	return new EmulatorError('NOT_READY', `Not ready within ${timeout}: ${seen.why}`, {hint: seen.hint});
}
