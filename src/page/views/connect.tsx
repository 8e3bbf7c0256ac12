import {useState} from 'preact/hooks';
import {CopyLine, WithConnection} from '../parts/connection.tsx';
import {CopyButton} from '../parts/copy-button.tsx';
import {Dialog} from '../parts/dialog.tsx';
import {lettersAreOn, setLetters} from '../parts/keys.ts';
import type {Connection} from '../wire.ts';

const KEYS = [
	['↑ ↓ PgUp PgDn Home End', 'move through the exchanges; with Shift several are chosen'],
	['Enter', 'open the exchange'],
	['Esc', 'close it, back to its row'],
	['/', 'to the filter, or what finds something on a large map'],
	['f', 'follow new exchanges'],
	['p', 'pause'],
	['c', 'copy the open exchange as curl'],
	['?', 'this'],
] as const;

/** How clients reach what runs, and the keys of this page. */
export function ConnectDialog({onClose}: {readonly onClose: () => void}) {
	const [letters, setOn] = useState(lettersAreOn());
	return (
		<Dialog title="Connect, and keys" onClose={onClose}>
			<WithConnection>{connection => <Clients {...connection} />}</WithConnection>
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

/** A line for each listener, and the variables for clients of the clouds. */
function Clients({listeners, exports}: Connection) {
	const lines = exports.join('\n');
	return (
		<>
			<h3>Send a request</h3>
			<dl>
				{listeners.map(({loadBalancer, port, line}) => {
					const of = `${loadBalancer}:${port}`;
					return <CopyLine key={of} name={of} text={line} what={`the line for ${of}`} />;
				})}
			</dl>
			<h3>Point clients of the cloud at it</h3>
			<p>
				<code>eval "$(lb-local env)"</code> does what these lines do:{' '}
				<CopyButton text={lines} what="the lines for clients of the cloud" />
			</p>
			<pre>{lines}</pre>
		</>
	);
}
