import type {ComponentChildren} from 'preact';
import {useEffect, useState} from 'preact/hooks';
import {failureText} from '../api.ts';
import type {Connection} from '../wire.ts';
import {CopyButton} from './copy-button.tsx';
import {usePage} from './hooks.ts';

/** What needs to know how clients are pointed here, once the control port has said it. */
export function WithConnection({children}: {readonly children: (connection: Connection) => ComponentChildren}) {
	const {controller} = usePage();
	const [shown, setShown] = useState<Connection | string>('Loading…');
	useEffect(() => {
		let isOver = false;
		void controller.ask<Connection>('GET', 'connect').then(answer => {
			if (!isOver) setShown('value' in answer ? answer.value : failureText(answer.failure));
		});
		return () => {
			isOver = true;
		};
	}, []);
	return typeof shown === 'string' ? <p>{shown}</p> : children(shown);
}

/** A term, and what is to be copied for it. */
export function CopyLine({name, text, what}: {readonly name: string; readonly text: string; readonly what: string}) {
	return (
		<div>
			<dt>{name}</dt>
			<dd>
				<code>{text}</code> <CopyButton text={text} what={what} />
			</dd>
		</div>
	);
}
