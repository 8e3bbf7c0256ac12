import type {Direction, FaultKind, NormalisedFault} from '../../model/fault.ts';
import {SHAPING} from '../../model/fault.ts';
import type {ArmedRule} from './armed-rule.ts';

/** How the bytes of one direction move. */
export interface Shape {
	readonly delayMs: number;
	/** Infinite without a limit. */
	readonly bytesPerSecond: number;
	readonly sliceBytes: number;
	readonly sliceDelayMs: number;
	/** After so many bytes the connection is closed; infinite without a limit. */
	readonly limitBytes: number;
	/** How much later the end arrives. */
	readonly endDelayMs: number;
}

const UNSHAPED: Shape = {
	delayMs: 0,
	bytesPerSecond: Number.POSITIVE_INFINITY,
	sliceBytes: Number.POSITIVE_INFINITY,
	sliceDelayMs: 0,
	limitBytes: Number.POSITIVE_INFINITY,
	endDelayMs: 0,
};

/** The rules that have hit one request, connection or handshake. */
export class Fired {
	readonly rules: readonly ArmedRule[];
	/** The first of those that do not merely shape bytes: the others have counted, and do nothing. */
	readonly deciding: ArmedRule | undefined;

	constructor(rules: readonly ArmedRule[]) {
		this.rules = rules;
		this.deciding = rules.find(({rule}) => !SHAPING.has(rule.do.kind));
	}

	/** What the deciding one does. */
	get fault(): NormalisedFault | undefined {
		return this.deciding?.rule.do;
	}

	get kind(): FaultKind | undefined {
		return this.fault?.kind;
	}

	/** Whether a connection ends before a byte passes. */
	get endsAtOnce(): boolean {
		const {fault} = this;
		return fault?.kind === 'close' || (fault?.kind === 'reset' && fault.when === 'at-once');
	}

	/** Whether the first bytes of a handshake are answered with an alert. */
	get alertsHandshake(): boolean {
		const {fault} = this;
		return fault?.kind === 'tls' && fault.how === 'alert';
	}

	/** Whether the bytes of a connection get lost, both ways. */
	get losesBytes(): boolean {
		const {fault} = this;
		return fault?.kind === 'blackhole' || (fault?.kind === 'tls' && fault.how === 'stall');
	}

	/** In one line. */
	get text(): string {
		return this.rules.map(({text}) => text).join('; ');
	}

	/** How bytes of this direction move; undefined: as ever. */
	shape(direction: Direction): Shape | undefined {
		const rules = this.rules.filter(({rule}) => rule.direction === direction && SHAPING.has(rule.do.kind));
		return rules.length === 0 ? undefined : rules.reduce(shapedBy, UNSHAPED);
	}

	/** Calls `release` when one of the rules is removed, unless the returned function is called before. */
	hold(release: () => void): () => void {
		const ends = this.rules.map(rule => rule.hold(release));
		return () => {
			for (const end of ends) end();
		};
	}
}

function shapedBy(shape: Shape, armed: ArmedRule): Shape {
	const fault = armed.rule.do;
	switch (fault.kind) {
		case 'latency':
			return {...shape, delayMs: shape.delayMs + armed.delayMs(fault)};
		case 'bandwidth':
			return {...shape, bytesPerSecond: Math.min(shape.bytesPerSecond, fault.bytesPerSecond)};
		case 'slice':
			return {...shape, sliceBytes: Math.min(shape.sliceBytes, fault.bytes), sliceDelayMs: fault.delayMs};
		case 'limit':
			return {...shape, limitBytes: Math.min(shape.limitBytes, fault.bytes)};
		case 'slowClose':
			return {...shape, endDelayMs: Math.max(shape.endDelayMs, fault.delayMs)};
		default:
			return shape;
	}
}
