import path from 'node:path';
import type {NormalisedControl} from '../model/normalised.ts';
import {awsEnvironment, awsStandIns} from './aws-environment.ts';
import {writtenAwsFiles} from './aws-files.ts';
import {clientEnvironment} from './client-environment.ts';

interface EnvironmentOf {
	readonly endpoint: string;
	readonly region: string;
	readonly credentials: NormalisedControl['credentials'];
	/** The emulator's own folder; it exists from the moment it is asked for. */
	readonly folder: () => string;
}

/** The variables that point the clients of all clouds at an emulator, beside those of this process. */
export function environmentOf({endpoint, region, credentials, folder}: EnvironmentOf): Record<string, string> {
	const pointing = {
		endpoint,
		region,
		isVerified: credentials !== undefined,
		isConfigured: (accessKey: string) => credentials?.has(accessKey) === true,
	};
	const files = writtenAwsFiles(() => path.join(folder(), 'aws'), pointing);
	return {
		...clientEnvironment(pointing),
		...awsEnvironment(pointing, files, process.env),
		...awsStandIns(process.env),
	};
}
