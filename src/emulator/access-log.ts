import {randomBytes} from 'node:crypto';
import type {Clock} from '../base/clock.ts';
import type {NormalisedAccessLog} from '../model/normalised.ts';
import {type AccessLog, openAccessLogFile} from '../observability/access-log-file.ts';
import {openAccessLogFolder} from '../observability/access-log-folder.ts';
import type {AccessLogTrouble} from '../observability/line-writer.ts';

/** Opens the access log of one load balancer. @throws EmulatorError `ACCESS_LOG_UNWRITABLE`, `INVALID_DESCRIPTION` */
export function openAccessLog(
	described: NormalisedAccessLog,
	options: {
		readonly loadBalancer: string;
		readonly address: string;
		/** What objects in a bucket are named after. */
		readonly accountId: string;
		readonly region: string;
		readonly clock: Clock;
		readonly onTrouble: (trouble: AccessLogTrouble) => void;
	},
): Promise<AccessLog> {
	if (described.kind === 'file') return openAccessLogFile({file: described.file, onTrouble: options.onTrouble});
	const {folder, prefix, intervalMinutes} = described;
	return openAccessLogFolder({
		...options,
		folder,
		prefix,
		publicationIntervalMinutes: intervalMinutes,
		random: () => randomBytes(4).toString('hex'),
	});
}
