import {connect} from 'node:net';
import {EmulatorError} from '../base/errors.ts';
import {quote} from '../base/quote.ts';
import {nowMs, wait} from '../base/timers.ts';
import {usageError} from './exit-codes.ts';
import {type RunFile, readRunFiles} from './run-file.ts';

/** The default control port of `up`. */
export const USUAL_ENDPOINT = 'http://127.0.0.1:8089';

export interface FindOptions {
	/** The value of `--endpoint`. */
	readonly given?: string | undefined;
	/** Waits for an instance that is starting, such as one that a script started in the background. */
	readonly waits?: boolean;
	readonly env?: Readonly<Record<string, string | undefined>>;
	readonly cwd?: string;
}

/**
 * The endpoint of the running instance: `--endpoint`, else `LB_LOCAL_ENDPOINT`, else the instance that was started in
 * this directory, else the only one of this user, else the default port.
 *
 * @throws EmulatorError `USAGE` for an invalid endpoint, and when several instances run and none is chosen.
 */
export async function findEndpoint(options: FindOptions = {}): Promise<string> {
	const {env = process.env, cwd = process.cwd(), waits = false} = options;
	const chosen = chosenEndpoint(options);
	if (waits) await untilOneRuns(chosen, {env, cwd});
	if (chosen !== undefined) return chosen;
	const running = await answering(await readRunFiles(env));
	const here = running.filter(one => one.cwd === cwd);
	const candidates = here.length > 0 ? here : running;
	const [only, second] = candidates;
	if (only === undefined) return USUAL_ENDPOINT;
	if (second !== undefined) throw severalRun(candidates, '--endpoint or LB_LOCAL_ENDPOINT chooses one.');
	return readEndpoint(only.endpoint, `the run file of process ${only.pid}`);
}

function chosenEndpoint({given, env = process.env}: FindOptions): string | undefined {
	if (given !== undefined) return readEndpoint(given, '--endpoint');
	const fromEnvironment = env['LB_LOCAL_ENDPOINT'];
	if (fromEnvironment === undefined || fromEnvironment === '') return undefined;
	return readEndpoint(fromEnvironment, 'LB_LOCAL_ENDPOINT');
}

/** How long an instance may take to start: the longest part are its commands, with 30 s. README.md states it, too. */
const STARTING_MS = 40_000;
const POLL_MS = 50;

/**
 * Resolves when the chosen endpoint, or that of an instance of this directory, accepts connections, or the time is up.
 */
async function untilOneRuns(chosen: string | undefined, {env, cwd}: Required<Pick<FindOptions, 'env' | 'cwd'>>) {
	const deadline = nowMs() + STARTING_MS;
	while (nowMs() < deadline) {
		const here = chosen === undefined ? (await readRunFiles(env)).filter(one => one.cwd === cwd) : [{endpoint: chosen}];
		const open = await Promise.all(here.map(({endpoint}) => isOpen(endpoint)));
		if (open.includes(true)) return;
		await wait(POLL_MS);
	}
}

/**
 * The instance to stop: `--endpoint`, else the one that was started in this directory, with its process id. Never one
 * of another directory, which somebody else may be using. `LB_LOCAL_ENDPOINT` is ignored, because `env` sets it for the
 * clients of a shell: it may belong to another directory, or to an instance that has ended.
 *
 * @throws EmulatorError `USAGE` as {@link findEndpoint}, `NOT_RUNNING` when none was started here.
 */
export async function findToStop(options: FindOptions = {}): Promise<{endpoint: string; pid?: number}> {
	const {given, env = process.env, cwd = process.cwd()} = options;
	if (given !== undefined) return {endpoint: readEndpoint(given, '--endpoint')};
	const running = await readRunFiles(env);
	const here = await answering(running.filter(one => one.cwd === cwd));
	const [only, second] = here;
	if (only === undefined) throw notRunningHere(running);
	if (second !== undefined) throw severalRun(here, '--endpoint chooses one.');
	return {endpoint: readEndpoint(only.endpoint, `the run file of process ${only.pid}`), pid: only.pid};
}

/** @param elsewhere instances that run in other directories. */
export function notRunningHere(elsewhere: readonly RunFile[]): EmulatorError<'NOT_RUNNING'> {
	const lines = elsewhere.map(({endpoint, pid, cwd}) => `\n  ${endpoint} (process ${pid}, in ${cwd})`);
	const others = lines.length === 0 ? '' : `; elsewhere there is${lines.join('')}`;
	return new EmulatorError('NOT_RUNNING', `No running instance was started in this directory${others}`, {
		hint: '--endpoint chooses one, wherever it was started.',
	});
}

/** How long an instance on this machine may take to accept a connection; a slower one counts as running. */
const CONNECT_TIMEOUT_MS = 500;

/**
 * The instances whose ports are open; all of them when none is, so that the error names what was tried. An instance
 * that was killed leaves its file, and its process id may belong to another process by now, or to a zombie.
 */
async function answering(running: readonly RunFile[]): Promise<readonly RunFile[]> {
	if (running.length < 2) return running;
	const open = await Promise.all(running.map(({endpoint}) => isOpen(endpoint)));
	const left = running.filter((_, index) => open[index]);
	return left.length === 0 ? running : left;
}

/** Whether a control port accepts connections; one that does not answer within half a second counts as open. */
export function isOpen(endpoint: string): Promise<boolean> {
	const url = URL.canParse(endpoint) ? new URL(endpoint) : undefined;
	if (url === undefined) return Promise.resolve(true);
	return new Promise(resolve => {
		const socket = connect({host: url.hostname.replace(/^\[(.*)\]$/, '$1'), port: Number(url.port) || 80});
		const end = (isThere: boolean) => {
			socket.destroy();
			resolve(isThere);
		};
		socket.setTimeout(CONNECT_TIMEOUT_MS, () => end(true));
		socket.on('connect', () => end(true)).on('error', () => end(false));
	});
}

/**
 * Accepts an SDK's endpoint as well, and drops the path after the port.
 *
 * @throws EmulatorError `USAGE`
 */
export function readEndpoint(text: string, where: string): string {
	const url = URL.canParse(text) ? new URL(text) : undefined;
	const isPlain =
		url?.protocol === 'http:' &&
		url.username === '' &&
		url.password === '' &&
		url.search === '' &&
		url.hash === '' &&
		/^\/(api\/(v1|latest)\/?)?$/.test(url.pathname);
	if (isPlain) return url.origin;
	throw usageError(
		`${where} is ${quote(text)}, which is not the endpoint of a control port`,
		`write it like ${USUAL_ENDPOINT}.`,
	);
}

function severalRun(running: readonly RunFile[], hint: string) {
	const lines = running.map(
		({endpoint, pid, cwd, config}) => `  ${endpoint} (process ${pid}, ${config ?? 'no configuration'}, in ${cwd})`,
	);
	return usageError(`several instances are running, and none is chosen:\n${lines.join('\n')}`, hint);
}
