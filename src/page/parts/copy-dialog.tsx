import {useEffect, useRef} from 'preact/hooks';
import {Dialog} from './dialog.tsx';

interface Props {
	readonly text: string;
	readonly what: string;
	readonly onClose: () => void;
}

/** A text to be copied by hand, where the browser gives no clipboard. */
export function CopyDialog({text, what, onClose}: Props) {
	const field = useRef<HTMLTextAreaElement>(null);
	useEffect(() => {
		field.current?.focus();
		field.current?.select();
	}, []);
	return (
		<Dialog title={`Copy ${what}`} onClose={onClose}>
			<p>The browser gives no clipboard here: copy it by hand.</p>
			<textarea ref={field} readOnly rows={8} aria-label="The text" value={text} />
			<form method="dialog">
				<button type="submit">Close</button>
			</form>
		</Dialog>
	);
}
