import {useEffect} from 'preact/hooks';
import {visible} from '../escape.ts';
import {usePage} from './hooks.ts';

/** A message that has been there for so long covers what somebody wants to see. */
const GONE_MS = 10_000;

/** What has just happened, read out; a failure of what the user asked for at once, and it stays until it is closed. */
export function StatusLine() {
	const {store} = usePage();
	const {message} = store;
	const isAlert = message?.kind === 'alert';
	useEffect(() => {
		if (message === undefined || isAlert) return;
		const timer = window.setTimeout(() => store.dismiss(), GONE_MS);
		return () => window.clearTimeout(timer);
	}, [message]);
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
