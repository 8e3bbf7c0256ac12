import type {Clock} from '../base/clock.ts';
import type {Failing} from './failing.ts';
import type {RecordedAnswers} from './recorded-answers.ts';

/** What a behaviour is given by the back-end it belongs to. */
export interface BehaviourContext {
	/** The back-end's name, as shown in answers. */
	readonly name: string;
	/** What its delays go by. */
	readonly clock: Clock;
	/** Whether and how it fails at the moment. */
	readonly failing: Failing;
	/** What a `har` answers. */
	readonly recorded: RecordedAnswers | undefined;
	/** Keeps what a user's handler threw, so that a test can look at it. */
	readonly keepError: (error: unknown) => void;
}
