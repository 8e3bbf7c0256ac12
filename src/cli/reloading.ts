import {EmulatorError, hasCode, messageOf} from '../base/errors.ts';
import {SerialQueue} from '../base/serial-queue.ts';
import type {Emulator} from '../emulator.ts';
import type {Difference, Reloaded} from '../operations/configure.ts';
import {bannerLines} from './banner.ts';
import type {NoticePrinter} from './notice-printer.ts';
import type {Output} from './output.ts';
import {silentBackends, silentLines} from './silent-backends.ts';
import {printable} from './text.ts';
import {FileWatch, isFile} from './watch-files.ts';

export interface ReloadingOptions {
	readonly emulator: Emulator;
	/** The path of the configuration, as given. */
	readonly file: string;
	readonly output: Output;
	readonly noticePrinter: NoticePrinter;
	/** Reports only failures and warnings. */
	readonly quiet: boolean;
}

/** Reloads the configuration when its files change, and reports what has changed. */
export class Reloading {
	readonly #options: ReloadingOptions;
	readonly #watch: FileWatch;
	/** The output of one reload comes before that of the next. */
	readonly #turns = new SerialQueue();
	/** The last reported problem of the file; undefined while it is valid. */
	#problem: string | undefined;

	private constructor(options: ReloadingOptions) {
		this.#options = options;
		this.#watch = new FileWatch({
			onChange: () => void this.run({isRequested: false}),
			onTrouble: why => this.#cannotWatch(why),
		});
	}

	/** Watches the files of a configuration. undefined when it cannot be read again, such as a pipe. */
	static async start(options: ReloadingOptions): Promise<Reloading | undefined> {
		// A file that is missing now may come back.
		if (!(await isFile(options.file).catch(() => true))) return undefined;
		const reloading = new Reloading(options);
		await reloading.#follow();
		return reloading;
	}

	/**
	 * Reads the configuration again. Never rejects: problems are reported, each once, or every time when the reload was
	 * requested.
	 */
	run({isRequested}: {readonly isRequested: boolean}): Promise<void> {
		return this.#turns.run(() => this.#run(isRequested));
	}

	async #run(isRequested: boolean): Promise<void> {
		const {emulator, output} = this.#options;
		try {
			await this.#report(await emulator.reload());
		} catch (error) {
			if (hasCode(error, 'STOPPED')) return;
			const problem = `${error instanceof EmulatorError ? error.code : ''} ${messageOf(error)}`;
			if (problem === this.#problem && !isRequested) return;
			this.#problem = problem;
			output.fail(error);
			output.say('nothing has changed: what ran before goes on');
		} finally {
			await this.#follow();
		}
	}

	async #follow(): Promise<void> {
		const {emulator} = this.#options;
		await this.#watch.set(emulator.configFiles).catch((error: unknown) => this.#cannotWatch(messageOf(error)));
	}

	#cannotWatch(why: string): void {
		const {output, file} = this.#options;
		output.warn(`${printable(file)} cannot be watched (${printable(why)}): send SIGHUP to have it read again`);
	}

	stop(): Promise<void> {
		return this.#watch.close();
	}

	async #report(reloaded: Reloaded): Promise<void> {
		const {emulator, output, file, quiet, noticePrinter} = this.#options;
		const changes = [
			...words('load balancer', reloaded.loadBalancers),
			...words('certificate', reloaded.certificates),
			...words('back-end', reloaded.backends),
		];
		const wasBad = this.#problem !== undefined;
		this.#problem = undefined;
		const touched = new Set([...reloaded.loadBalancers.added, ...reloaded.loadBalancers.changed]);
		const loadBalancers = emulator.loadBalancers.filter(({name}) => touched.has(name));
		const silent = await silentBackends(loadBalancers);
		if (!quiet) {
			if (changes.length > 0) output.say(`reloaded ${printable(file)}: ${changes.join('; ')}`);
			else if (wasBad) output.say(`${printable(file)} is valid again, and nothing in it has changed`);
			for (const line of bannerLines({loadBalancers}, output.paintProse, silent)) if (line !== '') output.say(line);
		}
		noticePrinter.print();
		for (const line of silentLines({loadBalancers}, silent)) output.warn(line);
	}
}

/** `load balancer web, api added`, and so on; empty when nothing is different. */
function words(noun: string, {added, changed, removed}: Difference): string[] {
	const say = (names: readonly string[], verb: string) =>
		names.length === 0 ? [] : [`${noun} ${names.map(name => printable(name)).join(', ')} ${verb}`];
	return [...say(added, 'added'), ...say(changed, 'changed'), ...say(removed, 'removed')];
}
