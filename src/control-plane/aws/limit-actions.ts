import {quote} from '../../base/quote.ts';
import type {CloudStore} from '../../operations/context.ts';
import {query} from '../action.ts';
import type {Fields} from '../fields.ts';
import type {AwsActions} from './action.ts';
import {bounded} from './constraints.ts';
import {members, type XmlElements} from './xml.ts';

/** AWS Classic ELB API 2012-06-01, DescribeAccountLimits.PageSize. */
const MAX_PAGE = 400;

/** ELB 2012-06-01: what an account may have. LBU has no such action. */
export const LIMIT_ACTIONS: AwsActions = [['DescribeAccountLimits', query(readPage, answerToLimits)]];

interface Page {
	/** How many limits come before it. */
	readonly after: number;
	readonly size: number;
}

function readPage(fields: Fields): Page {
	const size = fields.integer('PageSize');
	bounded(fields, 'PageSize', size, {min: 1, max: MAX_PAGE});
	const marker = fields.filledText('Marker');
	const after = marker === undefined ? '0' : /^limit-(\d)$/.exec(marker)?.[1];
	if (after === undefined) {
		fields.refuse('BAD_MARKER', 'Marker', () => `${quote(marker ?? '')} is not a NextMarker of an answer`, marker);
	}
	return {after: Number(after ?? 0), size: size ?? MAX_PAGE};
}

/** AWS's usual limits, which are not enforced; those of an emulator that has quotas are. */
function answerToLimits({after, size}: Page, store: CloudStore): XmlElements {
	const {loadBalancers, listeners} = store.context().quotas;
	const limits: readonly (readonly [name: string, max: number])[] = [
		['classic-load-balancers', Number.isFinite(loadBalancers) ? loadBalancers : 20],
		['classic-listeners', Number.isFinite(listeners) ? listeners : 100],
		['classic-registered-instances', 1000],
	];
	const end = after + size;
	return {
		Limits: members(limits.slice(after, end).map(([Name, Max]) => ({Name, Max}))),
		NextMarker: end < limits.length ? `limit-${end}` : undefined,
	};
}
