import {read, write} from './stored.ts';

const SETTING = 'lb-local-letters';

/** Whether single letters do something. They can be switched off: WCAG 2.2, success criterion 2.1.4. */
export function lettersAreOn(): boolean {
	return read(SETTING) !== 'off';
}

export function setLetters(isOn: boolean): void {
	write(SETTING, isOn ? 'on' : 'off');
}

/** Whether a key is meant for the page, and not for a field or a dialog. */
export function takesLetter(event: KeyboardEvent): boolean {
	if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || !lettersAreOn()) return false;
	const {target} = event;
	if (!(target instanceof Element)) return true;
	return target.closest('input, textarea, select, dialog') === null;
}
