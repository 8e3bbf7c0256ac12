import {useState} from 'preact/hooks';
import {shellWord} from '../copy-as.ts';
import {CopyButton} from '../parts/copy-button.tsx';
import {Dialog} from '../parts/dialog.tsx';
import {usePage} from '../parts/hooks.ts';
import {lettersAreOn, setLetters} from '../parts/keys.ts';
import type {ListenerState} from '../wire.ts';

const KEYS = [
	['↑ ↓ PgUp PgDn Home End', 'move through the exchanges; with Shift several are chosen'],
	['Enter', 'open the exchange'],
	['Esc', 'close it, back to its row'],
	['/', 'to the filter'],
	['f', 'follow new exchanges'],
	['p', 'pause'],
	['c', 'copy the open exchange as curl'],
	['?', 'this'],
] as const;

/** How clients reach what runs, and the keys of this page. */
export function ConnectDialog({onClose}: {readonly onClose: () => void}) {
	const {store} = usePage();
	const [letters, setOn] = useState(lettersAreOn());
	const endpoint = store.state?.endpoint ?? '';
	return (
		<Dialog title="Connect, and keys" onClose={onClose}>
			<h3>Send a request</h3>
			<dl>
				{(store.state?.loadBalancers ?? []).flatMap(({name, dnsName, listeners}) =>
					listeners.map(listener => {
						const line = lineFor(listener, dnsName);
						return (
							<div key={`${name}:${listener.port}`}>
								<dt>
									{name}:{listener.port}
								</dt>
								<dd>
									<code>{line}</code>{' '}
									<CopyButton text={() => line} what={`the line for ${name}:${listener.port}`}>
										Copy
									</CopyButton>
								</dd>
							</div>
						);
					}),
				)}
			</dl>
			<h3>Point clients of the cloud at it</h3>
			<p>
				<code>eval "$(lb-local env)"</code>, or the endpoint <code>{endpoint}</code>
			</p>
			<h3>Keys</h3>
			<table>
				<caption class="hidden">Keys</caption>
				<tbody>
					{KEYS.map(([keys, does]) => (
						<tr key={keys}>
							<th scope="row">
								<kbd>{keys}</kbd>
							</th>
							<td>{does}</td>
						</tr>
					))}
				</tbody>
			</table>
			<p>
				<label>
					<input
						type="checkbox"
						checked={letters}
						onChange={event => {
							setLetters(event.currentTarget.checked);
							setOn(event.currentTarget.checked);
						}}
					/>{' '}
					single letters do something
				</label>
			</p>
			<form method="dialog">
				<button type="submit">Close</button>
			</form>
		</Dialog>
	);
}

function lineFor({spec, host, port, boundPort}: ListenerState, dnsName: string): string {
	const bound = `${host}:${boundPort}`;
	if (spec.startsWith('http:')) return `curl http://${bound}/`;
	if (spec.startsWith('https:')) {
		return `curl --cacert lb-local-ca.pem --connect-to ${shellWord(`${dnsName}:${port}:${bound}`)} https://${dnsName}:${port}/`;
	}
	if (spec.startsWith('ssl:'))
		return `openssl s_client -CAfile lb-local-ca.pem -servername ${dnsName} -connect ${bound}`;
	return `nc ${host} ${boundPort}`;
}
