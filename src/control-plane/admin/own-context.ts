import type {CallLog} from '../call-log.ts';
import type {AdminApi} from './admin-api.ts';
import type {EventStreams} from './event-streams.ts';

/** What the routes work on. */
export interface OwnContext {
	readonly port: AdminApi;
	readonly calls: CallLog;
	/** Made when somebody asks for it. */
	readonly events: () => EventStreams;
	/** Of the control port: `http://127.0.0.1:8089`. */
	readonly endpoint: string;
}
