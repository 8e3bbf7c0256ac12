import {EventEmitter} from 'node:events';
import {Revision} from '../base/revision.ts';
import {queueMicrotask} from '../base/timers.ts';
import type {LiveEvents, LiveSource} from '../control-plane/admin/live.ts';
import {TrafficFeed, type TrafficWatcher} from '../observability/traffic-feed.ts';
import type {EmulatorEvents} from './emulator.ts';

type Watcher = Parameters<LiveSource['watchEvents']>[0];

/** What happens in one emulator: `emulator.events`, and what the control port streams. */
export class Live implements LiveSource {
	readonly events = new EventEmitter<EmulatorEvents>();
	/** Numbers the exchanges of all load balancers. */
	readonly feed = new TrafficFeed();
	/** Advances with every change of what is shown, but for what each exchange changes. */
	readonly shown = new Revision();
	readonly #watchers = new Set<Watcher>();
	/** Announcements that wait until somebody can listen; undefined from then on. */
	#waiting: (() => void)[] | undefined = [];

	constructor() {
		// Each scope may listen for itself.
		this.events.setMaxListeners(0);
	}

	get revision(): number {
		return this.shown.number;
	}

	watchTraffic(watcher: TrafficWatcher): () => void {
		return this.feed.watch(watcher);
	}

	watchEvents(watcher: Watcher): () => void {
		this.#watchers.add(watcher);
		return () => this.#watchers.delete(watcher);
	}

	/** Something that was recorded is gone: exchanges, calls, advice. */
	cleared(): void {
		this.shown.advance();
		this.feed.cleared();
	}

	/** Tells everybody. A listener's bug must show, but not where it happened. */
	announce<Name extends keyof LiveEvents>(name: Name, event: LiveEvents[Name]): void {
		this.shown.advance();
		const tell = () => {
			for (const watcher of this.#watchers) watcher(name, event);
			// Each of these events has one argument, whose type is that of its name.
			(this.events as EventEmitter).emit(name, event);
		};
		if (this.#waiting === undefined) queueMicrotask(tell);
		else this.#waiting.push(tell);
	}

	/** Whoever has started the emulator listens by now. */
	begin(): void {
		const waiting = this.#waiting ?? [];
		this.#waiting = undefined;
		for (const tell of waiting) queueMicrotask(tell);
	}
}
