import {visible} from '../escape.ts';
import {usePage} from './hooks.ts';

/** What has just happened, read out; a failure of what the user asked for at once, and it stays until it is closed. */
export function StatusLine() {
	const {store} = usePage();
	const {message} = store;
	const isAlert = message?.kind === 'alert';
	return (
		<div class="status">
			<div role="status">{message !== undefined && !isAlert && <bdi>{visible(message.text)}</bdi>}</div>
			<div role="alert">
				{message !== undefined && isAlert && (
					<>
						<bdi>{visible(message.text)}</bdi>
						<button type="button" class="small" onClick={() => store.dismiss()}>
							Close
						</button>
					</>
				)}
			</div>
		</div>
	);
}
