import {read, write} from './stored.ts';

const SETTING = 'lb-local-theme';
const THEMES = ['system', 'light', 'dark'] as const;

export type Theme = (typeof THEMES)[number];

export function theme(): Theme {
	return THEMES.find(each => each === read(SETTING)) ?? 'system';
}

/** The next of the three, from now on and for the next visit. */
export function nextTheme(before: Theme): Theme {
	const next = THEMES[(THEMES.indexOf(before) + 1) % THEMES.length] ?? 'system';
	write(SETTING, next === 'system' ? undefined : next);
	applyTheme(next);
	return next;
}

/** What the style sheet goes by; `system` is what the browser asks for. */
export function applyTheme(wanted = theme()): void {
	if (wanted === 'system') delete document.documentElement.dataset['theme'];
	else document.documentElement.dataset['theme'] = wanted;
}
