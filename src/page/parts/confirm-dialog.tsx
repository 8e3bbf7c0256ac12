import {Dialog} from './dialog.tsx';
import type {Question} from './hooks.ts';

/** Asks before something that cannot be undone. */
export function ConfirmDialog({question, onClose}: {readonly question: Question; readonly onClose: () => void}) {
	const {title, consequence, action, onYes} = question;
	return (
		<Dialog title={title} onClose={onClose}>
			<p>{consequence}</p>
			<form method="dialog" class="bar">
				<button type="submit" class="danger" onClick={onYes}>
					{action}
				</button>
				<button type="submit">Cancel</button>
			</form>
		</Dialog>
	);
}
