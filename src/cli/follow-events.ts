import {codeOf} from '../base/errors.ts';
import {linesAt} from './control-stream.ts';

/** An event of `GET /_lb/events`. */
export interface FollowedEvent {
	readonly name: string;
	readonly data: {readonly ended: readonly {readonly seq: number}[]; readonly dropped: number};
}

/**
 * The events of a running instance, until the stream ends, in whatever way, or the signal aborts.
 *
 * @throws EmulatorError as `linesAt`.
 */
export async function* follow(endpoint: string, signal: AbortSignal): AsyncGenerator<FollowedEvent> {
	let name = '';
	try {
		for await (const line of linesAt(endpoint, '/_lb/events', {accept: 'text/event-stream', signal})) {
			const [, field, value = ''] = /^(event|data): (.*)$/.exec(line) ?? [];
			if (field === 'event') name = value;
			// Each event of lb-local has one line of data, behind its name.
			if (field === 'data') yield {name, data: read(value)};
		}
	} catch (error) {
		// Once it has been reached, a connection that breaks is the end of the instance.
		if (name === '' || codeOf(error) !== 'CONTROL_UNREACHABLE') throw error;
	}
}

function read(text: string): FollowedEvent['data'] {
	// What an instance of this version sends; others may have more fields, or none of these.
	const {ended = [], dropped = 0} = JSON.parse(text) as Partial<FollowedEvent['data']>;
	return {ended, dropped};
}
