import type {FaultChange} from '../../model/fault.ts';
import type {Transition} from '../../model/health.ts';
import type {Advice} from '../../observability/advice/advice.ts';
import type {TrafficWatcher} from '../../observability/traffic-feed.ts';
import type {LoggedCall} from '../call-log.ts';

/** Something that whoever runs the emulator should know. */
export interface LiveNotice {
	readonly level: 'note' | 'warning';
	readonly topic: string;
	readonly loadBalancer?: string;
	readonly text: string;
}

/** A fault was armed or removed, or has fired since that was told last. */
export interface FaultEvent {
	readonly change: FaultChange;
	/** Absent for a fault of the cloud's API. */
	readonly loadBalancer?: string;
	/** See `ArmedFault`, as the others. */
	readonly id: number;
	readonly text: string;
	readonly hits: number;
}

/** What happens while an emulator runs, by the name of the event that tells of it. */
export interface LiveEvents {
	/** The cloud's API has been called. */
	call: LoggedCall;
	/** The probes have brought a back-end in service, or taken it out. */
	health: {readonly loadBalancer: string; readonly backend: string; readonly transition: Transition};
	notice: LiveNotice;
	/** Advice was said for the first time. */
	advice: Advice;
	/** A fault was armed or removed, or fires; firing is told ten times a second at most. */
	fault: FaultEvent;
	/** A back-end that was deregistered here has nothing in flight any more. */
	drained: {readonly loadBalancer: string; readonly backend: string};
}

/** What an emulator tells of itself as it happens. */
export interface LiveSource {
	/** Grows with every change of what `state()` shows, but for what each exchange changes. */
	readonly revision: number;
	/** @returns what ends it. */
	watchTraffic(watcher: TrafficWatcher): () => void;
	/** @returns what ends it. */
	watchEvents(watcher: <Name extends keyof LiveEvents>(name: Name, event: LiveEvents[Name]) => void): () => void;
}
