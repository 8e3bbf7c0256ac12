import type {FakeDataPlaneOptions, FakeStep} from './fake-data-plane.ts';

/** A step that is under way for as long as a test wants. */
export interface HeldStep {
	/** Resolves when it has begun. */
	readonly reached: Promise<void>;
	readonly go: () => void;
}

/** Steps of a fake data plane in the hands of a test: it holds some, and has some fail. Others go on at once. */
export class HeldSteps implements FakeDataPlaneOptions {
	/** `bind 127.0.0.1:80` and the like. */
	readonly failing = new Set<string>();
	readonly #held = new Map<string, {readonly reach: () => void; readonly opened: Promise<void>}>();

	/** Holds a step, `bind 127.0.0.1:80` and the like, whenever it begins. */
	hold(step: string): HeldStep {
		let reach = () => {};
		let go = () => {};
		const reached = new Promise<void>(resolve => {
			reach = resolve;
		});
		const opened = new Promise<void>(resolve => {
			go = resolve;
		});
		this.#held.set(step, {reach, opened});
		return {reached, go};
	}

	readonly pause = async (step: FakeStep, what: string): Promise<void> => {
		const held = this.#held.get(`${step} ${what}`);
		held?.reach();
		await held?.opened;
	};

	readonly fails = (step: FakeStep, what: string): boolean => this.failing.has(`${step} ${what}`);
}
