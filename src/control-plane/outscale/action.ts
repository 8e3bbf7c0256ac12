import type {Account} from '../../model/account.ts';
import type {CloudStore, Operation} from '../../operations/context.ts';
import type {Json} from './encode.ts';
import type {Fields} from './fields.ts';

/** What an answer holds beside its `ResponseContext`. */
export type AnswerFields = Readonly<Record<string, Json | undefined>>;

/** A request that has been read, and waits to be carried out. */
export interface Prepared {
	/** Validates it, and changes nothing. @throws RequestRefusal */
	rehearse(): void;
	/** @throws RequestRefusal */
	run(): Promise<AnswerFields>;
}

/** One action of the API. */
export interface Action {
	/** Reads the request; what is wrong with it is with its `Reading`, and it is carried out only if nothing is. */
	prepare(fields: Fields, store: CloudStore): Prepared;
}

/** Concerns the load balancer that the input names. */
export const ofLoadBalancer = ({loadBalancer}: {readonly loadBalancer: string}): readonly string[] => [loadBalancer];

/** Concerns the load balancer that has the input as its name. */
export const ofName = ({name}: {readonly name: string}): readonly string[] => [name];

/** Concerns nothing that runs. */
export const ofNone = (): readonly string[] => [];

/**
 * An action that changes something.
 *
 * @param concerns the load balancers it may concern: changes of one load balancer take turns.
 */
export function mutation<Input, Result>(
	read: (fields: Fields, store: CloudStore) => Input,
	operation: Operation<Input, Result>,
	concerns: (input: Input, account: Account) => readonly string[],
	answer: (result: Result, store: CloudStore) => AnswerFields = () => ({}),
): Action {
	return {
		prepare(fields, store) {
			const input = read(fields, store);
			return {
				rehearse: () => void operation(input)(store.account, store.context()),
				run: async () => answer(await store.change(concerns(input, store.account), operation(input)), store),
			};
		},
	};
}

/** An action that reads what is described at the moment. */
export function query<Input>(
	read: (fields: Fields) => Input,
	answer: (input: Input, store: CloudStore) => AnswerFields,
): Action {
	return {
		prepare(fields, store) {
			const input = read(fields);
			return {
				rehearse: () => void answer(input, store),
				run: async () => answer(input, store),
			};
		},
	};
}
