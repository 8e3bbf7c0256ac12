import type {AccessLogSettings} from '../model/account-load-balancer.ts';
import type {Fields} from './fields.ts';

/** What an API calls the parts of an access log. */
export interface AccessLogNames {
	readonly bucket: string;
	readonly prefix: string;
	readonly interval: string;
}

/**
 * Reads an access log, and reports an interval that there is not.
 *
 * @param enabled whether it is on, which is read before: the APIs differ in what they say where it is missing.
 */
export function readAccessLog(fields: Fields, enabled: boolean, names: AccessLogNames): AccessLogSettings {
	const intervalMinutes = fields.integer(names.interval) ?? 60;
	if (intervalMinutes !== 5 && intervalMinutes !== 60) {
		const message = () => `${intervalMinutes} is not an interval; allowed are 5 and 60 minutes`;
		fields.refuse('BAD_PARAMETER_VALUE', names.interval, message, String(intervalMinutes));
	}
	return {
		enabled,
		bucket: fields.filledText(names.bucket),
		prefix: fields.filledText(names.prefix),
		intervalMinutes: intervalMinutes === 5 ? 5 : 60,
	};
}
