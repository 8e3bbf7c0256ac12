import {EmulatorError, hasCode, messageOf} from '../base/errors.ts';
import {SerialQueue} from '../base/serial-queue.ts';
import type {Emulator} from '../emulator.ts';
import type {Difference, Reloaded} from '../operations/configure.ts';
import {bannerLines} from './banner.ts';
import type {News} from './news.ts';
import type {Output} from './output.ts';
import {silentBackends, silentLines} from './silent-backends.ts';
import {printable} from './text.ts';
import {FileWatch, isFile} from './watch-files.ts';

export interface ReloadingOptions {
	readonly emulator: Emulator;
	/** The configuration's, as it was given. */
	readonly file: string;
	readonly output: Output;
	readonly news: News;
	/** Tells of failures and warnings only. */
	readonly quiet: boolean;
}

/** Keeps what runs in step with its configuration file, and tells what has changed. */
export class Reloading {
	readonly #options: ReloadingOptions;
	readonly #watch: FileWatch;
	/** What is told of one reload comes before what is told of the next. */
	readonly #turns = new SerialQueue();
	/** What was told of the file as it is; undefined while it is good. */
	#problem: string | undefined;

	private constructor(options: ReloadingOptions) {
		this.#options = options;
		this.#watch = new FileWatch({
			onChange: () => void this.run({isAsked: false}),
			onTrouble: why => this.#cannotWatch(why),
		});
	}

	/** Watches the files of a configuration from now on. undefined when it cannot be read again, being a pipe, say. */
	static async start(options: ReloadingOptions): Promise<Reloading | undefined> {
		// Where there is none by now, there may be one again.
		if (!(await isFile(options.file).catch(() => true))) return undefined;
		const reloading = new Reloading(options);
		await reloading.#follow();
		return reloading;
	}

	/**
	 * Reads the configuration anew. Never rejected: what is wrong is told, once for each problem, or whenever somebody
	 * has asked.
	 */
	run({isAsked}: {readonly isAsked: boolean}): Promise<void> {
		return this.#turns.run(() => this.#run(isAsked));
	}

	async #run(isAsked: boolean): Promise<void> {
		const {emulator, output} = this.#options;
		try {
			await this.#tell(await emulator.reload());
		} catch (error) {
			if (hasCode(error, 'STOPPED')) return;
			const problem = `${error instanceof EmulatorError ? error.code : ''} ${messageOf(error)}`;
			if (problem === this.#problem && !isAsked) return;
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
		output.warn(`${printable(file)} cannot be watched (${printable(why)}): SIGHUP has it read again`);
	}

	stop(): Promise<void> {
		return this.#watch.close();
	}

	async #tell(reloaded: Reloaded): Promise<void> {
		const {emulator, output, file, quiet, news} = this.#options;
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
			else if (wasBad) output.say(`${printable(file)} is good again, and nothing in it has changed`);
			for (const line of bannerLines({loadBalancers}, output.paintProse, silent)) if (line !== '') output.say(line);
		}
		news.tell();
		for (const line of silentLines({loadBalancers}, silent)) output.warn(line);
	}
}

/** `load balancer web, api added`, and so on: nothing where nothing is different. */
function words(noun: string, {added, changed, removed}: Difference): string[] {
	const say = (names: readonly string[], verb: string) =>
		names.length === 0 ? [] : [`${noun} ${names.map(name => printable(name)).join(', ')} ${verb}`];
	return [...say(added, 'added'), ...say(changed, 'changed'), ...say(removed, 'removed')];
}
