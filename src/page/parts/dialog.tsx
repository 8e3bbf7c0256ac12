import type {ComponentChildren} from 'preact';
import {useEffect, useRef} from 'preact/hooks';

interface Props {
	readonly title: string;
	readonly onClose: () => void;
	readonly children: ComponentChildren;
}

/**
 * A modal dialog. The browser keeps the focus in it and closes it with Esc. It opens at its top: the title has the focus,
 * because the first thing to press may stand at the end of what is to be read. The focus goes back when it is closed,
 * or to the content where that is gone.
 */
export function Dialog({title, onClose, children}: Props) {
	const ref = useRef<HTMLDialogElement>(null);
	useEffect(() => {
		const dialog = ref.current;
		const before = document.activeElement;
		dialog?.showModal();
		dialog?.querySelector('h2')?.focus();
		return () => {
			dialog?.close();
			const after = before?.isConnected ? before : document.getElementById('content');
			if (after instanceof HTMLElement) after.focus();
		};
	}, []);
	return (
		<dialog ref={ref} aria-labelledby="dialog-title" onClose={onClose}>
			<h2 id="dialog-title" tabIndex={-1}>
				{title}
			</h2>
			{children}
		</dialog>
	);
}
