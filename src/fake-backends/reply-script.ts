import type {ReplyAnswer, ReplyBackend, ReplyStep} from '../configuration/spec-backend.ts';
import {compilePattern, matchesPattern, type Pattern} from '../model/pattern.ts';

/** Steps with the same path, and how far they have come. */
interface Track {
	/** undefined: for every path. */
	readonly path: Pattern | undefined;
	readonly steps: readonly ReplyStep[];
	/** The index of the step that answers next, and how often it has answered. */
	at: number;
	answered: number;
}

/** Decides what a reply answers next. */
export class ReplyScript {
	readonly #reply: ReplyBackend;
	readonly #tracks: readonly Track[];

	constructor(reply: ReplyBackend) {
		this.#reply = reply;
		this.#tracks = groupedByPath(reply.script ?? []);
	}

	/** The answer to the next request. @param target of the request line. */
	next(target: string): ReplyAnswer {
		const [path = ''] = target.split('?', 1);
		const track = this.#tracks.find(each => each.path === undefined || matchesPattern(each.path, path));
		const step = track?.steps[track.at];
		if (track === undefined || step === undefined) return this.#reply;
		track.answered++;
		if (track.answered >= (step.times ?? 1) && track.at < track.steps.length - 1) {
			track.at++;
			track.answered = 0;
		}
		return filledIn(step, this.#reply);
	}

	/** Begins again with the first step. */
	restart(): void {
		for (const track of this.#tracks) {
			track.at = 0;
			track.answered = 0;
		}
	}
}

/** In the order in which the paths appear; the steps without one come last, because they match everything. */
function groupedByPath(script: readonly ReplyStep[]): Track[] {
	const groups = new Map<string | undefined, ReplyStep[]>();
	for (const step of script) {
		const group = groups.get(step.path);
		if (group === undefined) groups.set(step.path, [step]);
		else group.push(step);
	}
	const tracks = [...groups].map(([path, steps]) => ({
		path: path === undefined ? undefined : compilePattern(path, 'path'),
		steps,
		at: 0,
		answered: 0,
	}));
	return [...tracks.filter(({path}) => path !== undefined), ...tracks.filter(({path}) => path === undefined)];
}

/** A step with what it leaves out of the reply itself. */
function filledIn(step: ReplyStep, reply: ReplyBackend): ReplyAnswer {
	const content = step.body === undefined && step.events === undefined ? reply : step;
	const {status = reply.status, headers = reply.headers, delay = reply.delay} = step;
	const pace = step.pace ?? (content.events === undefined ? reply.pace : undefined);
	return given({status, headers, delay, body: content.body, events: content.events, pace});
}

/** Without the keys that are undefined. */
function given(answer: {readonly [Key in keyof ReplyAnswer]: ReplyAnswer[Key] | undefined}): ReplyAnswer {
	// What is left has the types of the answer.
	return Object.fromEntries(Object.entries(answer).filter(([, value]) => value !== undefined)) as ReplyAnswer;
}
