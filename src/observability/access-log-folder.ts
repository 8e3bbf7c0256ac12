import {constants} from 'node:fs';
import {access, mkdir, rename} from 'node:fs/promises';
import path from 'node:path';
import type {Clock} from '../base/clock.ts';
import {hasCode, invalidDescription, messageOf, type Violation} from '../base/errors.ts';
import {show} from '../base/quote.ts';
import {queueMicrotask} from '../base/timers.ts';
import {type AccessLog, openForAppending, WrittenLog} from './access-log-file.ts';
import {type AccessLogTrouble, LineWriter, type Sink, unwritable} from './line-writer.ts';

/** How often the clock is checked for the end of an interval. */
const TICK_MS = 1000;

const MINUTE_MS = 60_000;

/** The parts of an object's name. Every part is validated, so that none can lead out of the folder. */
export interface AccessLogObjectName {
	/** Folders below the bucket, with `/` between them; none by default. */
	readonly prefix?: string | undefined;
	/** 12 digits. */
	readonly accountId: string;
	/** Such as `eu-west-2`. */
	readonly region: string;
	readonly loadBalancer: string;
	/** The IP address of the load balancer. */
	readonly address: string;
}

export interface AccessLogFolderOptions extends AccessLogObjectName {
	/** The folder that takes the place of the bucket; created if it is missing. */
	readonly folder: string;
	/** OUTSCALE API, AccessLog.PublicationInterval: 5 or 60 minutes. */
	readonly publicationIntervalMinutes: 5 | 60;
	/** Returns a random text of letters and digits for each object. */
	readonly random: () => string;
	readonly clock: Clock;
	/** Called once in each interval when lines wait, are dropped or cannot be published, with the reason. */
	readonly onTrouble: (trouble: AccessLogTrouble) => void;
	/** Bytes that may wait for the disk, beyond which lines are dropped; 8 MiB by default. */
	readonly maxWaitingBytes?: number;
}

/**
 * An access log in a folder that takes the place of a bucket. An object is published at the end of each interval of the
 * clock (1:05, 1:10, …) that had lines, and at `close()`. Until then it is a hidden draft in the folder, so a reader
 * never sees an incomplete object.
 *
 * @throws EmulatorError `INVALID_DESCRIPTION` with every part of the name that is not allowed, `ACCESS_LOG_UNWRITABLE`
 * @see OUTSCALE user guide, "About Access Logs"; AWS Classic ELB guide, "Access logs for your Classic Load Balancer"
 */
export async function openAccessLogFolder(options: AccessLogFolderOptions): Promise<AccessLog> {
	const violations = [...violationsIn(options)];
	if (violations.length > 0) throw invalidDescription('The access log', violations);
	try {
		await mkdir(options.folder, {recursive: true});
		// Checked at the start: an error at the first line may come much later, when nobody watches.
		await access(options.folder, constants.W_OK);
	} catch (error) {
		throw unwritable(`Cannot write the access log's folder ${options.folder}: ${messageOf(error)}`, error);
	}
	return new AccessLogFolder(options);
}

/**
 * `[prefix/]OWSLogs/<account>/lbu/<region>/<yyyy>/<mm>/<dd>/<account>_lbu_<region>_<name>_<end>_<ip>_<random>.log`, with
 * `/` on every system. The end is in UTC, to the minute: `20140215T2340Z`.
 *
 * @see OUTSCALE user guide, "About Access Logs"
 */
export function accessLogObjectName(name: AccessLogObjectName, endMs: number, random: string): string {
	const {prefix = '', accountId, region, loadBalancer, address} = name;
	const [date = '', time = ''] = new Date(endMs).toISOString().split('T');
	const end = `${date.replaceAll('-', '')}T${time.slice(0, 5).replace(':', '')}Z`;
	// File names on Windows cannot contain a colon.
	const ip = address.replaceAll(':', '-');
	const object = [accountId, 'lbu', region, loadBalancer, end, ip, random.replace(/[^A-Za-z0-9]/g, '')].join('_');
	const folders = ['OWSLogs', accountId, 'lbu', region, ...date.split('-')];
	return [...(prefix === '' ? [] : [prefix]), ...folders, `${object}.log`].join('/');
}

function* violationsIn(name: AccessLogObjectName & {publicationIntervalMinutes: number}): Iterable<Violation> {
	const {prefix = '', accountId, region, loadBalancer, address, publicationIntervalMinutes} = name;
	const not = (key: string, value: unknown, allowed: string): Violation => ({
		path: [key],
		message: `${show(value)} is not allowed; allowed ${allowed}`,
	});
	if (prefix !== '' && !prefix.split('/').every(isSafeSegment)) {
		yield not('prefix', prefix, 'are names of A-Z, a-z, 0-9 and !_.*\'()-, with "/" between them, and no "." or ".."');
	}
	if (!/^[0-9]{12}$/.test(accountId)) yield not('accountId', accountId, 'are 12 digits');
	if (!/^[a-z0-9-]{1,64}$/.test(region)) yield not('region', region, 'are a-z, 0-9 and "-"');
	if (!/^[A-Za-z0-9-]{1,32}$/.test(loadBalancer)) {
		yield not('loadBalancer', loadBalancer, 'are 1 to 32 of A-Z, a-z, 0-9 and "-"');
	}
	if (!/^[0-9A-Fa-f.:]{2,45}$/.test(address)) yield not('address', address, 'is an IP address');
	if (publicationIntervalMinutes !== 5 && publicationIntervalMinutes !== 60) {
		yield not('publicationIntervalMinutes', publicationIntervalMinutes, 'are 5 and 60');
	}
}

/** Whether it has only the characters that S3 calls safe in a key. */
function isSafeSegment(segment: string): boolean {
	return /^[A-Za-z0-9!_.*'()-]{1,255}$/.test(segment) && segment !== '.' && segment !== '..';
}

class AccessLogFolder extends WrittenLog {
	readonly #options: AccessLogFolderOptions;
	readonly #draft: string;
	readonly #intervalMs: number;
	readonly #stopClock: () => void;
	/** The number of the current interval of the clock. */
	#interval: number;
	/** Whether a draft with lines exists. */
	#drafted = false;

	constructor(options: AccessLogFolderOptions) {
		const {folder, loadBalancer, random, clock, onTrouble, publicationIntervalMinutes, maxWaitingBytes} = options;
		super(
			new LineWriter({
				what: `The access log in ${folder}`,
				open: () => this.#openDraft(),
				onTrouble,
				maxWaitingBytes,
			}),
		);
		this.#options = options;
		this.#draft = path.join(folder, `.${loadBalancer}-${random().replace(/[^A-Za-z0-9]/g, '')}.draft`);
		this.#intervalMs = publicationIntervalMinutes * MINUTE_MS;
		this.#interval = this.#intervalAt(clock.wallMs());
		this.#stopClock = clock.every(TICK_MS, () => this.#tick());
	}

	reopen(): Promise<void> {
		return this.flush();
	}

	protected async finish(): Promise<void> {
		this.#stopClock();
		await this.writer.close();
		await this.#publishDraft(this.#options.clock.wallMs());
	}

	#tick(): void {
		const interval = this.#intervalAt(this.#options.clock.wallMs());
		if (interval === this.#interval) return;
		this.#interval = interval;
		void this.writer.replace(async sink => {
			await this.#publishDraft(interval * this.#intervalMs, sink);
			return undefined;
		});
	}

	#intervalAt(wallMs: number): number {
		return Math.floor(wallMs / this.#intervalMs);
	}

	async #openDraft(): Promise<Sink> {
		const sink = await openForAppending(this.#draft);
		this.#drafted = true;
		return sink;
	}

	/**
	 * Renames the draft to its final name. If that fails, it is reported, and the draft goes on until the next interval.
	 */
	async #publishDraft(endMs: number, sink?: Sink): Promise<void> {
		try {
			await sink?.close();
			if (this.#drafted) await this.#rename(endMs);
		} catch (error) {
			const trouble = unwritable(`Cannot publish the access log ${this.#draft}: ${messageOf(error)}`, error);
			queueMicrotask(() => this.#options.onTrouble(trouble));
		}
	}

	async #rename(endMs: number): Promise<void> {
		const object = await this.#freePath(endMs);
		await mkdir(path.dirname(object), {recursive: true});
		await rename(this.#draft, object);
		this.#drafted = false;
	}

	/** A path at which there is no file yet: two objects may end in the same minute, and a random text may repeat. */
	async #freePath(endMs: number): Promise<string> {
		const {folder, random} = this.#options;
		const first = random();
		for (let attempt = 0; ; attempt++) {
			const text = attempt === 0 ? first : `${random()}${attempt}`;
			const object = path.join(folder, ...accessLogObjectName(this.#options, endMs, text).split('/'));
			if (!(await exists(object))) return object;
		}
	}
}

async function exists(file: string): Promise<boolean> {
	try {
		await access(file);
		return true;
	} catch (error) {
		if (hasCode(error, 'ENOENT')) return false;
		throw error;
	}
}
