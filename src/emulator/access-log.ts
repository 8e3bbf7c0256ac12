import {randomBytes} from 'node:crypto';
import type {Clock} from '../base/clock.ts';
import type {DescribedAccessLog} from '../configuration/described.ts';
import {type AccessLog, openAccessLogFile} from '../observability/access-log-file.ts';
import {openAccessLogFolder} from '../observability/access-log-folder.ts';
import type {AccessLogTrouble} from '../observability/line-writer.ts';

/** The account that objects in a bucket are named after; the emulator knows no accounts. */
const ACCOUNT_ID = '000000000000';
const REGION = 'eu-west-2';

/** Opens the access log of one load balancer. @throws EmulatorError `ACCESS_LOG_UNWRITABLE`, `INVALID_DESCRIPTION` */
export function openAccessLog(
	described: DescribedAccessLog,
	options: {
		readonly loadBalancer: string;
		readonly address: string;
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
		accountId: ACCOUNT_ID,
		region: REGION,
		publicationIntervalMinutes: intervalMinutes,
		random: () => randomBytes(4).toString('hex'),
	});
}
