import type {Interruption} from './interruption.ts';
import type {Output} from './output.ts';

/** What a command is given beside its arguments and options. */
export interface CommandContext {
	readonly output: Output;
	readonly interruption: Interruption;
	/** Whether `up --detach` has started this process and waits for it. */
	readonly isDetached?: boolean;
}
