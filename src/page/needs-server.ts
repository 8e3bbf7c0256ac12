import {MOST_CHARACTERS} from '../observability/traffic-filter.ts';

/** Whether a filter asks for what no row has: the fields of a request. It would refuse one that is too long. */
export function needsServer(filter: string): boolean {
	return filter.length <= MOST_CHARACTERS && /(?:^|\s)-?(?:added|header):/i.test(filter);
}
