import {messageOf} from '../base/errors.ts';
import {Control, type ControlOptions} from './control.ts';
import type {Live} from './live.ts';
import type {ReadOptions} from './options.ts';

export interface OpenControlOptions
	extends Omit<
		ControlOptions,
		| 'port'
		| 'prefersUsualPort'
		| 'clockKind'
		| 'proxyUnknown'
		| 'askToStop'
		| 'onCall'
		| 'onDrained'
		| 'onError'
		| 'live'
	> {
	readonly options: ReadOptions;
	readonly live: Live;
}

/** Opens the control port of an emulator, as its options say. @throws EmulatorError `PORT_UNAVAILABLE` */
export function openControl({options, live, notices, ...parts}: OpenControlOptions): Promise<Control> {
	const {ports, port, clock, proxyUnknown} = options;
	const {events} = live;
	return Control.start({
		...parts,
		port,
		prefersUsualPort: ports === 'fallback' || ports === 'fallback-always',
		clockKind: clock,
		notices,
		proxyUnknown,
		askToStop: () => (events.listenerCount('stop') > 0 ? () => void events.emit('stop') : undefined),
		live,
		onCall: call => live.announce('call', call),
		onDrained: drained => live.announce('drained', drained),
		onError: error => {
			const text = `the control port: ${messageOf(error)}`;
			notices.add({level: 'warning', topic: 'control-port', text});
		},
	});
}
