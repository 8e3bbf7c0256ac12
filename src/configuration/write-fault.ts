import type {Fault, FaultPlaceSpec, FaultRule, NormalisedFault, NormalisedFaultRule} from '../model/fault.ts';
import {headerText} from '../model/fault-text.ts';
import {unless, unlessEmpty, writeDuration, written} from './write-values.ts';

/** A fault rule in the words of a description: the inverse of `describe-faults.ts`. */
export function writeFaultRule(rule: NormalisedFaultRule): FaultRule {
	const {on, direction, skip, times, every, path, header, sni, operation} = rule;
	return written<FaultRule>({
		on: writePlace(on),
		do: writeFault(rule.do),
		direction: unless(direction, 'down'),
		skip: unless(skip, 0),
		times,
		every: unless(every, 1),
		path,
		header: header && headerText(header),
		sni,
		operation,
	});
}

function writePlace(on: NormalisedFaultRule['on']): FaultPlaceSpec {
	if (on.kind === 'backend') return `backend:${on.name}`;
	return on.kind === 'listener' ? `listener:${on.port}` : 'api';
}

function writeFault(fault: NormalisedFault): Fault {
	switch (fault.kind) {
		case 'latency': {
			const {latencyMs, jitterMs} = fault;
			return {latency: writeDuration(latencyMs), ...(jitterMs === 0 ? {} : {jitter: writeDuration(jitterMs)})};
		}
		case 'bandwidth':
			return {bandwidth: fault.bytesPerSecond};
		case 'slice':
			return {slice: fault.bytes, ...(fault.delayMs === 0 ? {} : {delay: writeDuration(fault.delayMs)})};
		case 'limit':
			return {limit: fault.bytes};
		case 'slowClose':
			return {slowClose: writeDuration(fault.delayMs)};
		case 'reset':
			return {reset: fault.when === 'at-once' ? true : fault.when};
		case 'close':
			return {close: true};
		case 'refuse':
			return {refuse: true};
		case 'blackhole':
			return {blackhole: true};
		case 'status': {
			const {status, body, headers, code} = fault;
			return written<Extract<Fault, {readonly status: number}>>({
				status,
				body: unless(body, ''),
				headers: unlessEmpty(headers),
				code,
			});
		}
		case 'throttle':
			return {throttle: true};
		case 'garbage':
			return {garbage: fault.bytes};
		case 'truncate':
			return {truncate: fault.bytes};
		case 'contentLength':
			return {contentLength: fault.bytes};
		case 'tls':
			return {tls: fault.how};
	}
}
