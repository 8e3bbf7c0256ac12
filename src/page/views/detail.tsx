import {useEffect, useRef, useState} from 'preact/hooks';
import {type Failure, failureText} from '../api.ts';
import {CopyButton} from '../parts/copy-button.tsx';
import {usePage} from '../parts/hooks.ts';
import {takesLetter} from '../parts/keys.ts';
import {Text} from '../parts/text.tsx';
import {Waterfall} from '../parts/waterfall.tsx';
import {bytes, timeOf} from '../time.ts';
import type {WireExchange} from '../wire.ts';
import {Legs} from './legs.tsx';
import {MessagePart} from './message-part.tsx';
import {WhyPart} from './why-part.tsx';

interface Props {
	readonly lb: string;
	readonly id: number;
	readonly onClose: () => void;
}

/** Everything about one exchange: why it went where, its connections, its times, its messages. */
export function DetailPane({lb, id, onClose}: Props) {
	const {exchange, failure} = useExchange(lb, id);
	const title = useRef<HTMLHeadingElement>(null);
	useEffect(() => title.current?.focus(), []);
	useEffect(() => {
		const onKey = (event: KeyboardEvent) => {
			if (event.key === 'Escape' && document.querySelector('dialog[open]') === null) onClose();
		};
		document.addEventListener('keydown', onKey);
		return () => document.removeEventListener('keydown', onKey);
	}, [onClose]);
	return (
		<aside class="detail" aria-labelledby="detail-title">
			<header>
				<h2 id="detail-title" ref={title} tabIndex={-1}>
					Exchange {id} of <Text of={lb} />
				</h2>
				<button type="button" onClick={onClose}>
					Close
				</button>
			</header>
			{failure !== undefined && <p class="bad-text">{failureText(failure)}</p>}
			{exchange === undefined ? failure === undefined && <p>Loading…</p> : <Detail exchange={exchange} />}
		</aside>
	);
}

/** How often what is open is read again: its bytes are counted on. */
const EVERY_MS = 1000;

/** The exchange as it is, read again when its row changes. */
function useExchange(lb: string, id: number): {exchange?: WireExchange; failure?: Failure} {
	const {store, controller} = usePage();
	const [read, setRead] = useState<{exchange?: WireExchange; failure?: Failure}>({});
	const row = store.rows.rows.findLast(each => each.lb === lb && each.id === id);
	useEffect(() => {
		let isOver = false;
		let timer = 0;
		const ask = async () => {
			const answer = await controller.ask<WireExchange>('GET', `traffic/${encodeURIComponent(lb)}/${id}`);
			if (isOver) return;
			// Whoever reads it goes on, also when the control port has forgotten it.
			setRead(before => ('value' in answer ? {exchange: answer.value} : {...before, failure: answer.failure}));
			if ('value' in answer && answer.value.outcome === 'open') timer = window.setTimeout(() => void ask(), EVERY_MS);
		};
		void ask();
		return () => {
			isOver = true;
			window.clearTimeout(timer);
		};
		// Another emulator at the port counts anew: the time tells its exchanges apart.
	}, [lb, id, row?.at, row?.outcome]);
	return read;
}

function Detail({exchange}: {readonly exchange: WireExchange}) {
	const {request, response, added, cause, outcome, startedAt, log, bytes: sizes} = exchange;
	return (
		<>
			<p>
				<strong>
					<Text of={request === undefined ? exchange.kind : `${request.method} ${request.target}`} most={400} />
				</strong>
				{response !== undefined &&
					` → ${response.status}${response.by === 'load-balancer' ? ' by the load balancer' : ''}`}
				, {outcome}
				<br />
				<span class="quiet">
					began {timeOf(Date.parse(startedAt))}, {bytes(sizes.up)} from the client
					{response?.by !== 'load-balancer' && `, ${bytes(sizes.down)} to it`}
				</span>
			</p>
			{cause !== '' && (
				<p class="cause">
					Cause: <Text of={cause} most={2000} />
				</p>
			)}
			{exchange.fault !== undefined && (
				<p class="cause">
					Fault that fired: <Text of={exchange.fault} />
				</p>
			)}
			<CopyBar exchange={exchange} />
			<WhyPart exchange={exchange} />
			<Legs exchange={exchange} />
			<Waterfall {...exchange} />
			{request !== undefined && (
				<MessagePart
					title={`Request, as ${wasReached(exchange) ? 'the back-end' : 'a back-end would have'} received it`}
					first={`${request.method} ${request.target} HTTP/1.1`}
					message={request}
					added={added}
					tests={exchange.copyAs.added}
					file={`${exchange.loadBalancer}-${exchange.id}-request`}
				/>
			)}
			{response !== undefined && (
				<MessagePart
					title="Answer, as the client got it"
					first={`HTTP/1.1 ${response.status}`}
					message={response}
					added={[]}
					tests={[]}
					file={`${exchange.loadBalancer}-${exchange.id}-answer`}
				/>
			)}
			{log !== '' && (
				<>
					<h3>Access log line</h3>
					<pre>
						<Text of={log} most={8000} />
					</pre>
				</>
			)}
		</>
	);
}

/** A back-end that was tried in vain has received nothing. */
function wasReached({backend, ms}: WireExchange): boolean {
	return backend !== undefined && (backend.reused || ms.connect !== undefined);
}

function CopyBar({exchange}: {readonly exchange: WireExchange}) {
	const {copy} = usePage();
	const {curl, fetch, test} = exchange.copyAs;
	const curlIs = whatIs(curl, 'curl');
	useEffect(() => {
		const onKey = (event: KeyboardEvent) => {
			if (event.key === 'c' && takesLetter(event)) copy(curl, curlIs);
		};
		document.addEventListener('keydown', onKey);
		return () => document.removeEventListener('keydown', onKey);
	}, [curl]);
	return (
		<p class="bar">
			<span>Copy as</span>
			<CopyButton text={curl} what={curlIs}>
				curl
			</CopyButton>
			<CopyButton text={fetch} what={whatIs(fetch, 'fetch')}>
				fetch
			</CopyButton>
			<CopyButton text={test} what="the exchange as a test">
				test
			</CopyButton>
		</p>
	);
}

/** What cannot be sent again is a comment that says why. */
function whatIs(text: string, as: string): string {
	return /^(?:#|\/\/)/.test(text) ? `why there is no ${as}` : `the request as ${as}`;
}
