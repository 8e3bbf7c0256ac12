/** What a notice is about. */
export type NoticeTopic =
	| 'ports'
	| 'certificate'
	| 'durations'
	| 'access-log'
	| 'back-end'
	| 'configuration'
	| 'control-port';

/** Something that whoever runs the emulator should know. */
export interface Notice {
	/** `warning`: something may not work as it is meant. `note`: good to know. */
	readonly level: 'note' | 'warning';
	readonly topic: NoticeTopic;
	/** The load balancer that it is about; absent when it is about none. */
	readonly loadBalancer?: string;
	/** One sentence that names what it is about. */
	readonly text: string;
}

/** The notices that hold now, oldest first. */
export class Notices {
	readonly #onAdded: (notice: Notice) => void;
	#held: readonly Notice[] = [];

	/** @param onAdded called with each one that is new. */
	constructor(onAdded: (notice: Notice) => void = () => {}) {
		this.#onAdded = onAdded;
	}

	/** The sentences of one level. */
	texts(level: Notice['level']): string[] {
		return this.#held.filter(notice => notice.level === level).map(({text}) => text);
	}

	add(notice: Notice): void {
		this.#held = [...this.#held, notice];
		this.#onAdded(notice);
	}

	/** Makes these sentences all that is said of this topic about one load balancer. One that was said before is kept. */
	replace(about: Required<Omit<Notice, 'text'>>, texts: readonly string[]): void {
		const isAbout = ({topic, loadBalancer}: Notice) => topic === about.topic && loadBalancer === about.loadBalancer;
		const said = new Set(this.#held.filter(isAbout).map(({text}) => text));
		this.#held = this.#held.filter(notice => !isAbout(notice) || texts.includes(notice.text));
		for (const text of texts) if (!said.has(text)) this.add({...about, text});
	}

	/** Forgets what was said about a load balancer that is gone: a process that makes them all day would fill the list. */
	forget(loadBalancer: string): void {
		this.#held = this.#held.filter(notice => notice.loadBalancer !== loadBalancer);
	}
}
