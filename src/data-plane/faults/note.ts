import type {ExchangeRecord} from '../../observability/exchange-record.ts';
import type {Fired} from './fired.ts';

/**
 * Notes in a record what has hit its exchange.
 *
 * @param decides whether the fault, and nothing else, decides how it ends; asked at its end.
 */
export function noteFault(record: ExchangeRecord, fired: Fired, decides: () => boolean): void {
	record.fired = record.fired === '' ? fired.text : `${record.fired}; ${fired.text}`;
	const before = record.faultDecides;
	record.faultDecides = before === undefined ? decides : () => before() || decides();
}
