import {connect} from 'node:net';
import {EmulatorError} from '../base/errors.ts';
import {quote} from '../base/quote.ts';
import {nowMs, wait} from '../base/timers.ts';
import {usageError} from './exit-codes.ts';
import {type RunFile, readRunFiles} from './run-file.ts';

/** The control port that `up` takes unless told otherwise. */
export const USUAL_ENDPOINT = 'http://127.0.0.1:8089';

export interface FindOptions {
	/** What `--endpoint` says. */
	readonly given?: string | undefined;
	/** Waits for one that is on its way: what a script has put into the background takes a moment. */
	readonly waits?: boolean;
	readonly env?: Readonly<Record<string, string | undefined>>;
	readonly cwd?: string;
}

/**
 * Where the running one is: `--endpoint`, else `LB_LOCAL_ENDPOINT`, else the one that was started in this directory,
 * else the only one of this user, else the usual port.
 *
 * @throws EmulatorError `USAGE` for what is no endpoint, and when several run and nothing says which is meant.
 */
export async function findEndpoint(options: FindOptions = {}): Promise<string> {
	const {env = process.env, cwd = process.cwd(), waits = false} = options;
	const told = toldEndpoint(options);
	if (waits) await untilOneRuns(told, {env, cwd});
	if (told !== undefined) return told;
	const running = await answering(await readRunFiles(env));
	const here = running.filter(one => one.cwd === cwd);
	const candidates = here.length > 0 ? here : running;
	const [only, second] = candidates;
	if (only === undefined) return USUAL_ENDPOINT;
	if (second !== undefined) throw severalRun(candidates, '--endpoint or LB_LOCAL_ENDPOINT chooses one.');
	return readEndpoint(only.endpoint, `the run file of process ${only.pid}`);
}

function toldEndpoint({given, env = process.env}: FindOptions): string | undefined {
	if (given !== undefined) return readEndpoint(given, '--endpoint');
	const fromEnvironment = env['LB_LOCAL_ENDPOINT'];
	if (fromEnvironment === undefined || fromEnvironment === '') return undefined;
	return readEndpoint(fromEnvironment, 'LB_LOCAL_ENDPOINT');
}

/** How long one may take to start: its commands have 30 s, which is the longest part. README.md says so, too. */
const STARTING_MS = 40_000;
const POLL_MS = 50;

/** Resolves once that endpoint takes connections, or that of one of this directory; and when the time is over. */
async function untilOneRuns(told: string | undefined, {env, cwd}: Required<Pick<FindOptions, 'env' | 'cwd'>>) {
	const deadline = nowMs() + STARTING_MS;
	while (nowMs() < deadline) {
		const here = told === undefined ? (await readRunFiles(env)).filter(one => one.cwd === cwd) : [{endpoint: told}];
		const open = await Promise.all(here.map(({endpoint}) => isOpen(endpoint)));
		if (open.includes(true)) return;
		await wait(POLL_MS);
	}
}

/**
 * The one to stop: `--endpoint`, else the one that was started in this directory, with its process. Never one of another
 * directory: somebody else may be at work there. `LB_LOCAL_ENDPOINT` is not asked, because `env` sets it for the clients
 * of a shell: by the time of a stop it may be of another directory, or of one that is gone.
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

/** @param elsewhere those that run in other directories. */
export function notRunningHere(elsewhere: readonly RunFile[]): EmulatorError<'NOT_RUNNING'> {
	const lines = elsewhere.map(({endpoint, pid, cwd}) => `\n  ${endpoint} (process ${pid}, in ${cwd})`);
	const others = lines.length === 0 ? '' : `; elsewhere there is${lines.join('')}`;
	return new EmulatorError('NOT_RUNNING', `Nothing runs that was started in this directory${others}`, {
		hint: '--endpoint chooses one, wherever it was started.',
	});
}

/** How long one on this machine may take to accept a connection; whoever takes longer is listed all the same. */
const PATIENCE_MS = 500;

/**
 * Those whose ports are open; all of them where none is, so that the error names what was tried. One that was killed
 * leaves its file, and its process id may be somebody else's by now, or a zombie's.
 */
async function answering(running: readonly RunFile[]): Promise<readonly RunFile[]> {
	if (running.length < 2) return running;
	const open = await Promise.all(running.map(({endpoint}) => isOpen(endpoint)));
	const left = running.filter((_, index) => open[index]);
	return left.length === 0 ? running : left;
}

/** Whether a control port takes connections; one that does not answer within half a second is taken for open. */
export function isOpen(endpoint: string): Promise<boolean> {
	const url = URL.canParse(endpoint) ? new URL(endpoint) : undefined;
	if (url === undefined) return Promise.resolve(true);
	return new Promise(resolve => {
		const socket = connect({host: url.hostname.replace(/^\[(.*)\]$/, '$1'), port: Number(url.port) || 80});
		const end = (isThere: boolean) => {
			socket.destroy();
			resolve(isThere);
		};
		socket.setTimeout(PATIENCE_MS, () => end(true));
		socket.on('connect', () => end(true)).on('error', () => end(false));
	});
}

/** What an SDK's endpoint has behind the port is no part of where the control port is. */
function readEndpoint(text: string, where: string): string {
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
	return usageError(`several run, and nothing says which is meant:\n${lines.join('\n')}`, hint);
}
