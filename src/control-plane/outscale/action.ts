import type {Operation} from '../../operations/context.ts';
import type {Executor} from '../executor.ts';
import type {Json} from './encode.ts';
import type {Fields} from './fields.ts';

/** What an answer holds beside its `ResponseContext`. */
export type AnswerFields = Readonly<Record<string, Json | undefined>>;

/** A request that has been read, and waits to be carried out. */
export interface Prepared {
	/** Judges it, and changes nothing. @throws Refusal */
	rehearse(): void;
	/** @throws Refusal */
	run(): Promise<AnswerFields>;
}

/** One action of the API. */
export interface Action {
	/** Reads the request; what is wrong with it is with its `Reading`, and it is carried out only if nothing is. */
	prepare(fields: Fields, executor: Executor): Prepared;
}

/** An action that changes something. */
export function mutation<Input, Result>(
	read: (fields: Fields, executor: Executor) => Input,
	operation: Operation<Input, Result>,
	answer: (result: Result, executor: Executor) => AnswerFields = () => ({}),
): Action {
	return {
		prepare(fields, executor) {
			const input = read(fields, executor);
			return {
				rehearse: () => executor.rehearse(operation(input)),
				run: async () => answer(await executor.change(operation(input)), executor),
			};
		},
	};
}

/** An action that reads what is described at the moment. */
export function query<Input>(
	read: (fields: Fields) => Input,
	answer: (input: Input, executor: Executor) => AnswerFields,
): Action {
	return {
		prepare(fields, executor) {
			const input = read(fields);
			return {
				rehearse: () => void answer(input, executor),
				run: async () => answer(input, executor),
			};
		},
	};
}
