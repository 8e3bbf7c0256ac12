import type {ComponentChildren} from 'preact';
import {useEffect, useRef} from 'preact/hooks';

interface Props {
	readonly title: string;
	readonly onClose: () => void;
	readonly children: ComponentChildren;
}

/** A modal dialog. The browser keeps the focus in it, closes it with Esc, and puts the focus back. */
export function Dialog({title, onClose, children}: Props) {
	const ref = useRef<HTMLDialogElement>(null);
	useEffect(() => {
		const dialog = ref.current;
		const before = document.activeElement;
		dialog?.showModal();
		return () => {
			dialog?.close();
			if (before instanceof HTMLElement) before.focus();
		};
	}, []);
	return (
		<dialog ref={ref} aria-labelledby="dialog-title" onClose={onClose}>
			<h2 id="dialog-title">{title}</h2>
			{children}
		</dialog>
	);
}
