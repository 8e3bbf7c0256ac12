import type {Outcome} from '../../observability/exchange.ts';
import type {ExchangeRecord} from '../../observability/exchange-record.ts';
import type {Fired} from './fired.ts';

/**
 * Notes in a record what has hit its exchange.
 *
 * @param decides whether the fault, and nothing else, decides how it ends; asked at its end, with how it would end else.
 */
export function noteFault(record: ExchangeRecord, fired: Fired, decides: (outcome: Outcome) => boolean): void {
	record.fired = record.fired === '' ? fired.text : `${record.fired}; ${fired.text}`;
	const before = record.faultDecides;
	record.faultDecides = before === undefined ? decides : outcome => before(outcome) || decides(outcome);
}
