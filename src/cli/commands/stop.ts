import * as v from 'valibot';
import {EmulatorError, hasCode} from '../../base/errors.ts';
import {nowMs, wait} from '../../base/timers.ts';
import type {CommandContext} from '../command-context.ts';
import {ControlClient, strangerAt} from '../control-client.ts';
import {EXIT} from '../exit-codes.ts';
import {findToStop, isOpen, notRunningHere} from '../find-endpoint.ts';
import {hasEnded} from '../process-life.ts';
import {readRunFiles} from '../run-file.ts';

export interface StopOptions {
	readonly endpoint?: string;
	readonly json?: boolean;
}

/** Several times what `up` allows for exchanges in flight and for commands to end; the machine may be busy. */
const GRACE_MS = 20_000;
/** After SIGTERM. */
const LAST_GRACE_MS = 5000;
const POLL_MS = 25;

const stopAnswer = v.object({pid: v.pipe(v.number(), v.integer(), v.minValue(1))});

/**
 * Stops the instance that was started in this directory, and waits until it has ended. The request goes to its control
 * port; the process gets a signal only if it does not end, and only if that port has named its process id.
 *
 * @throws EmulatorError `NOT_RUNNING`, `NOT_STOPPABLE`, `STILL_RUNNING`, `USAGE`, `CONTROL_UNREACHABLE`,
 * `CONTROL_STRANGER`
 */
export async function stop({endpoint: given, json = false}: StopOptions, {output}: CommandContext): Promise<number> {
	const {endpoint, pid: expected} = await findToStop({given});
	// Read first, because an instance that stops removes its file.
	const files = await readRunFiles();
	const answer = await new ControlClient(endpoint)
		.post('/_lb/stop', expected === undefined ? {} : {pid: expected})
		.catch((error: unknown) => {
			// The file is stale: another process has its id or its port by now.
			throw expected !== undefined && hasCode(error, 'OTHER_PROCESS') ? notRunningHere([]) : error;
		});
	const read = v.safeParse(stopAnswer, answer);
	if (!read.success) throw strangerAt(endpoint);
	const {pid} = read.output;
	// A process id is only meaningful for an instance on this machine, under this user.
	const isOurs = files.some(one => one.pid === pid && one.endpoint === endpoint);
	await untilGone({pid, endpoint, isOurs});
	output.data(json ? JSON.stringify({endpoint, pid}) : `stopped process ${pid}, whose control port was ${endpoint}`);
	return EXIT.ok;
}

interface Stopping {
	readonly pid: number;
	readonly endpoint: string;
	/** Whether the process id is one of this machine; if not, only its control port is watched. */
	readonly isOurs: boolean;
}

/**
 * Waits for an instance that was asked to stop, and signals it if that takes too long and it runs on this machine.
 *
 * @throws EmulatorError `STILL_RUNNING`
 */
export async function untilGone(
	{pid, endpoint, isOurs}: Stopping,
	{graceMs = GRACE_MS, lastGraceMs = LAST_GRACE_MS}: {readonly graceMs?: number; readonly lastGraceMs?: number} = {},
): Promise<void> {
	const isGone = async () => (isOurs ? hasEnded(pid) : !(await isOpen(endpoint)));
	if (await holds(isGone, graceMs)) return;
	if (isOurs) {
		process.kill(pid, 'SIGTERM');
		if (await holds(isGone, lastGraceMs)) return;
	}
	throw new EmulatorError('STILL_RUNNING', `Process ${pid} was asked to stop and has not ended`, {
		hint: `Look at what it prints; \`kill -KILL ${pid}\` ends it at once.`,
	});
}

/** Whether a condition becomes true within a time. */
async function holds(condition: () => Promise<boolean>, ms: number): Promise<boolean> {
	const deadline = nowMs() + ms;
	while (!(await condition())) {
		if (nowMs() > deadline) return false;
		await wait(POLL_MS);
	}
	return true;
}
