import type {Clock} from '../base/clock.ts';
import type {Services} from '../data-plane/services.ts';
import {ReadBuffers} from '../data-plane/sockets/read-buffers.ts';
import {ReadTurns} from '../data-plane/sockets/read-turns.ts';
import {SecureContexts} from '../data-plane/sockets/tls-settings.ts';
import type {Live} from './live.ts';

/** What all load balancers of one emulator share. */
export function servicesOf({
	clock,
	seed,
	record,
	live,
	wrongCertificate,
	onFault,
}: Pick<Services, 'seed' | 'record' | 'wrongCertificate' | 'onFault'> & {
	readonly clock: Clock;
	readonly live: Live;
}): Services {
	return {
		clock,
		buffers: new ReadBuffers(),
		readTurns: new ReadTurns(),
		contexts: new SecureContexts(),
		seed,
		feed: live.feed,
		shown: live.shown,
		onHealthChange: change => live.announce('health', change),
		onAdvice: advice => live.announce('advice', advice),
		record,
		...(onFault === undefined ? {} : {onFault}),
		...(wrongCertificate === undefined ? {} : {wrongCertificate}),
	};
}
