import {useCallback, useEffect, useState} from 'preact/hooks';
import type {Controller} from '../controller.ts';
import {needsServer} from '../needs-server.ts';
import type {Store} from '../store.ts';
import type {ExchangeSummary} from '../wire.ts';

/** How often the control port is asked at most. */
const EVERY_MS = 1000;

/** Whether a row passes; undefined where the browser can decide it. */
type Decides = (row: ExchangeSummary) => boolean | undefined;

/**
 * Decides what the browser cannot: filters by fields of requests, and rows whose target is cut. The control port has the
 * same grammar and whole exchanges.
 *
 * @param hasCut whether there are such rows, and the filter is one that the control port takes.
 */
export function useServerFilter(filter: string, hasCut: boolean, store: Store, controller: Controller): Decides {
	const [found, setFound] = useState<ReadonlySet<number>>(new Set());
	const isForAll = needsServer(filter);
	const isNeeded = isForAll || hasCut;
	useEffect(() => {
		if (!isNeeded) return;
		let isOver = false;
		let askedFor = -1;
		const ask = async () => {
			const {version} = store.rows;
			if (version !== askedFor) {
				askedFor = version;
				const path = `traffic?limit=10000&filter=${encodeURIComponent(filter)}`;
				const answer = await controller.ask<{summaries: ExchangeSummary[]}>('GET', path);
				if (isOver) return;
				// A filter that is being written is refused; the field says why.
				if ('value' in answer) setFound(new Set(answer.value.summaries.map(({seq}) => seq)));
			}
			timer = window.setTimeout(() => void ask(), EVERY_MS);
		};
		let timer = window.setTimeout(() => void ask(), 0);
		return () => {
			isOver = true;
			window.clearTimeout(timer);
		};
	}, [filter, isNeeded]);
	return useCallback(
		({seq, cut}) => (isForAll || (hasCut && cut) ? found.has(seq) : undefined),
		[isForAll, hasCut, found],
	);
}
