import type {Account} from '../model/account.ts';
import type {CloudStore, Operation} from '../operations/context.ts';
import type {Fields} from './fields.ts';

/** A request that has been read, and waits to be carried out. */
export interface Prepared<Answer> {
	/** Validates it, and changes nothing. @throws Refusal */
	rehearse(): void;
	/** @returns what there is to answer; undefined: nothing but that it is done. @throws Refusal */
	run(): Promise<Answer | undefined>;
}

/** One action of a cloud's API; `Answer` is what its answers are made of. */
export interface Action<Answer> {
	/** Reads the request; what is wrong with it is with its `Reading`, and it is carried out only if nothing is. */
	prepare(fields: Fields, store: CloudStore): Prepared<Answer>;
}

/** Concerns the load balancer that the input names. */
export const ofLoadBalancer = ({loadBalancer}: {readonly loadBalancer: string}): readonly string[] => [loadBalancer];

/** Concerns the load balancer that has the input as its name. */
export const ofName = ({name}: {readonly name: string}): readonly string[] => [name];

/** Concerns all load balancers that the input names. */
export const ofLoadBalancers = ({loadBalancers}: {readonly loadBalancers: readonly string[]}): readonly string[] =>
	loadBalancers;

/** Concerns nothing that runs. */
export const ofNone = (): readonly string[] => [];

/**
 * An action that changes something.
 *
 * @param concerns the load balancers it may concern: changes of one load balancer take turns.
 */
export function mutation<Input, Result, Answer>(
	read: (fields: Fields, store: CloudStore) => Input,
	operation: Operation<Input, Result>,
	concerns: (input: Input, account: Account) => readonly string[],
	answer: (result: Result, store: CloudStore, input: Input) => Answer | undefined = () => undefined,
): Action<Answer> {
	return {
		prepare(fields, store) {
			const input = read(fields, store);
			return {
				rehearse: () => void operation(input)(store.account, store.context()),
				run: async () => {
					const result = await store.change(concerns(input, store.account), operation(input));
					return answer(result, store, input);
				},
			};
		},
	};
}

/** An action that reads what is described at the moment. */
export function query<Input, Answer>(
	read: (fields: Fields) => Input,
	answer: (input: Input, store: CloudStore) => Answer,
): Action<Answer> {
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
