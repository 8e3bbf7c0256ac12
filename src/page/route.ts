/** The views, in the order in which they are offered. */
export const VIEWS = ['map', 'traffic', 'calls', 'certificates', 'advice', 'faults'] as const;

export type View = (typeof VIEWS)[number];

/** What the address of the page says: the view, the filter of the traffic, and the exchange that is open. */
export interface Route {
	readonly view: View;
	/** Empty: everything. */
	readonly filter: string;
	readonly exchange: {readonly lb: string; readonly id: number} | undefined;
}

/** Reads `#/traffic?f=status:5xx&x=web/12`. What means nothing is left out. */
export function readRoute(hash: string): Route {
	const [, path = '', query = ''] = /^#\/?([^?]*)(?:\?(.*))?$/s.exec(hash) ?? [];
	const view = VIEWS.find(each => each === path) ?? 'map';
	const given = new URLSearchParams(query);
	const [, lb, id] = /^(.+)\/(\d{1,15})$/s.exec(given.get('x') ?? '') ?? [];
	return {
		view,
		filter: given.get('f') ?? '',
		exchange: lb === undefined ? undefined : {lb, id: Number(id)},
	};
}

/** The other way round. */
export function hashOf({view, filter, exchange}: Route): string {
	const query = new URLSearchParams();
	if (filter !== '') query.set('f', filter);
	if (exchange !== undefined) query.set('x', `${exchange.lb}/${exchange.id}`);
	const text = query.toString();
	return `#/${view}${text === '' ? '' : `?${text}`}`;
}
