import {useMemo, useState} from 'preact/hooks';
import {cut, isBinary, visibleLines} from '../escape.ts';
import {CopyButton} from '../parts/copy-button.tsx';
import {Text} from '../parts/text.tsx';
import {bytes} from '../time.ts';
import type {WireExchange} from '../wire.ts';

interface Props {
	readonly title: string;
	readonly first: string;
	readonly message: NonNullable<WireExchange['request']> | NonNullable<WireExchange['response']>;
	/** The fields that the load balancer added or rewrote. */
	readonly added: WireExchange['added'];
	/** The assertion of each. */
	readonly tests: readonly string[];
	/** The name of the file that a body is saved as. */
	readonly file: string;
}

/** As much of a body as is shown. */
const MOST_SHOWN = 64 * 1024;
/** With line breaks and indents it is longer. */
const MOST_PRETTY = 4 * MOST_SHOWN;

/** One message: its fields, those that were added marked, and its body. */
export function MessagePart({title, first, message, added, tests, file}: Props) {
	const fields: (readonly [string, string])[] = [];
	for (let index = 0; index + 1 < message.rawHeaders.length; index += 2) {
		fields.push([message.rawHeaders[index] ?? '', message.rawHeaders[index + 1] ?? '']);
	}
	const testOf = (name: string, value: string) =>
		tests[added.findIndex(([one, other]) => one === name && other === value)];
	return (
		<section class="message">
			<h3>{title}</h3>
			{added.length > 0 && (
				<p class="legend">
					<span class="plus">+</span> was added or rewritten by the load balancer
				</p>
			)}
			<div class="fields">
				<div>
					<Text of={first} most={8500} />
				</div>
				{fields.map(([name, value], index) => {
					const test = testOf(name, value);
					return (
						<div key={`${index} ${name}`} class={test && 'added'}>
							{test && <span class="plus">+ </span>}
							<Text of={name} />: <Text of={value} most={8500} />
							{test && (
								<CopyButton text={test} what={`a test of ${name}`}>
									test
								</CopyButton>
							)}
						</div>
					);
				})}
			</div>
			<Body message={message} file={file} />
		</section>
	);
}

/** Never as markup and never as a picture: it is what somebody has sent. */
function Body({message, file}: Pick<Props, 'message' | 'file'>) {
	const {body, base64, complete} = message;
	const [isPretty, setPretty] = useState(false);
	// All of it is looked at once: the page is painted again with every exchange that comes.
	const {size, isText, pretty} = useMemo(() => {
		const isText = base64 === undefined && !isBinary(body);
		return {
			size: base64 === undefined ? new Blob([body]).size : Math.floor((base64.length * 3) / 4),
			isText,
			pretty: isText && body.length <= MOST_SHOWN ? prettyJson(body) : undefined,
		};
	}, [message]);
	if (body === '') {
		// RFC 9110 section 15.2.2: after 101 comes another protocol.
		const what = 'status' in message && message.status === 101 ? 'stream that follows' : 'body';
		return complete ? null : <p class="quiet">The {what} was not kept.</p>;
	}
	return (
		<>
			<p class="bar quiet">
				{bytes(size)} of body{complete ? '' : ', the rest was not kept'}
				{pretty !== undefined && (
					<button type="button" class="small" aria-pressed={isPretty} onClick={() => setPretty(before => !before)}>
						Pretty JSON
					</button>
				)}
				{(!isText || body.length > MOST_SHOWN) && (
					<button type="button" class="small" onClick={() => save(message, file)}>
						Save
					</button>
				)}
			</p>
			{isText ? (
				<pre>{visibleLines(isPretty && pretty ? cut(pretty, MOST_PRETTY) : cut(body, MOST_SHOWN))}</pre>
			) : (
				<p>It is not text.</p>
			)}
		</>
	);
}

function prettyJson(text: string): string | undefined {
	if (!/^\s*[[{]/.test(text)) return undefined;
	try {
		return JSON.stringify(JSON.parse(text), undefined, 2);
	} catch {
		return undefined;
	}
}

/** Always as bytes that no program opens by itself. */
function save({body, base64}: Props['message'], file: string): void {
	const content = base64 === undefined ? body : Uint8Array.from(atob(base64), each => each.charCodeAt(0));
	const url = URL.createObjectURL(new Blob([content], {type: 'application/octet-stream'}));
	const link = document.createElement('a');
	link.href = url;
	link.download = `${file.replaceAll(/[^\w.-]/g, '_')}.bin`;
	link.click();
	window.setTimeout(() => URL.revokeObjectURL(url), 1000);
}
