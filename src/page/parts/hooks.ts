import {createContext} from 'preact';
import {useContext, useEffect, useLayoutEffect, useRef, useState} from 'preact/hooks';
import type {Controller} from '../controller.ts';
import type {Route} from '../route.ts';
import type {Store} from '../store.ts';
import {dayOf} from '../time.ts';

export type More = typeof import('../more.ts');

/** What every view has at hand. */
export interface Page {
	readonly store: Store;
	readonly controller: Controller;
	readonly route: Route;
	/** Goes elsewhere; what is not said stays. */
	readonly go: (change: Partial<Route>) => void;
	/** Asks before something that cannot be undone, with its consequence in words. */
	readonly confirm: (question: Question) => void;
	/** Puts a text on the clipboard, or shows it to be copied by hand. */
	readonly copy: (text: string, what: string) => void;
	/** What is loaded when it is shown first, once it is there. */
	readonly more: More | undefined;
	readonly loadMore: () => void;
}

export interface Question {
	readonly title: string;
	/** What will happen. */
	readonly consequence: string;
	readonly action: string;
	readonly onYes: () => void;
}

export const PageContext = createContext<Page | undefined>(undefined);

export function usePage(): Page {
	const page = useContext(PageContext);
	if (page === undefined) throw new Error('There is no page around this part of it');
	return page;
}

/** Paints a part again each second. @returns the browser's time. */
export function useSeconds(): number {
	const [nowMs, setNow] = useState(Date.now());
	useEffect(() => {
		const timer = window.setInterval(() => setNow(Date.now()), 1000);
		return () => window.clearInterval(timer);
	}, []);
	return nowMs;
}

/** The day by the emulator's clock. Paints a part again when the next one begins. */
export function useToday(): string {
	const {store} = usePage();
	const today = () => dayOf(store.nowMs);
	const [, setDay] = useState(today);
	useEffect(() => {
		const timer = window.setInterval(() => setDay(today()), 1000);
		return () => window.clearInterval(timer);
	}, []);
	return today();
}

/** Paints a part again whenever the store has changed. */
export function useStore(store: Store): void {
	const [, paint] = useState(0);
	useEffect(() => store.watch(() => paint(count => count + 1)), [store]);
}

/**
 * For an element around some that come and go: when the one with the focus goes, the element itself has it where it can,
 * otherwise the first button that is left. Who uses the keyboard would begin at the top of the page again.
 */
export function useKeptFocus<Around extends HTMLElement>() {
	const ref = useRef<Around>(null);
	const hadFocus = ref.current?.contains(document.activeElement);
	useLayoutEffect(() => {
		if (hadFocus && document.activeElement === document.body) {
			(ref.current?.hasAttribute('tabindex') ? ref.current : ref.current?.querySelector('button'))?.focus();
		}
	});
	return ref;
}
