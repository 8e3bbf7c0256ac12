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

/** Several times what `up` gives to what is in flight, and a command to end; this machine may be busy. */
const GRACE_MS = 20_000;
/** From SIGTERM on. */
const LAST_GRACE_MS = 5000;
const POLL_MS = 25;

const stopAnswer = v.object({pid: v.pipe(v.number(), v.integer(), v.minValue(1))});

/**
 * Stops the one that was started in this directory, and waits until it is gone. Its control port is asked; a process gets
 * a signal only when it does not end, and only after that port has said that it is the one.
 *
 * @throws EmulatorError `NOT_RUNNING`, `NOT_STOPPABLE`, `STILL_RUNNING`, `USAGE`, `CONTROL_UNREACHABLE`,
 * `CONTROL_STRANGER`
 */
export async function stop({endpoint: given, json = false}: StopOptions, {output}: CommandContext): Promise<number> {
	const {endpoint, pid: expected} = await findToStop({given});
	// Read first: one that stops takes its file away.
	const files = await readRunFiles();
	const answer = await new ControlClient(endpoint)
		.post('/_lb/stop', expected === undefined ? {} : {pid: expected})
		.catch((error: unknown) => {
			// The file of one that is gone: its process id and its port are those of others by now.
			throw expected !== undefined && hasCode(error, 'OTHER_PROCESS') ? notRunningHere([]) : error;
		});
	const read = v.safeParse(stopAnswer, answer);
	if (!read.success) throw strangerAt(endpoint);
	const {pid} = read.output;
	// Only what runs on this machine, under this user, is known by its process id.
	const isOurs = files.some(one => one.pid === pid && one.endpoint === endpoint);
	await untilGone({pid, endpoint, isOurs});
	output.data(json ? JSON.stringify({endpoint, pid}) : `stopped process ${pid}, whose control port was ${endpoint}`);
	return EXIT.ok;
}

interface Stopping {
	readonly pid: number;
	readonly endpoint: string;
	/** Whether the process id is one of this machine; otherwise its control port has to do. */
	readonly isOurs: boolean;
}

/**
 * Waits for one that was asked to stop, and signals it when that takes too long, if it is of this machine.
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
		hint: `Look at what it prints; \`kill -KILL ${pid}\` ends it without any order.`,
	});
}

/** Whether a condition comes true within a time. */
async function holds(condition: () => Promise<boolean>, ms: number): Promise<boolean> {
	const deadline = nowMs() + ms;
	while (!(await condition())) {
		if (nowMs() > deadline) return false;
		await wait(POLL_MS);
	}
	return true;
}
