import {Buffer} from 'node:buffer';
import type {Clock} from '../../base/clock.ts';
import type {Shape} from './fired.ts';

/** How much may wait; more holds the sender back. */
const MAX_WAITING = 65_536;
/** Without slices, bytes of a limited bandwidth come so often. */
const PIECE_MS = 50;

/** Where the bytes of a flow go. */
export interface FlowTarget {
	write(chunk: Buffer): void;
	/** Fewer bytes wait again: the sender may go on. */
	drained(): void;
	/** The limit of bytes is reached; nothing is written any more. */
	limited(): void;
}

interface Piece {
	readonly chunk: Buffer;
	/** On the clock: not before. */
	readonly dueMs: number;
	/** What is to be called instead of a write. */
	readonly then: (() => void) | undefined;
}

/** Bytes of one direction, shaped: what is put in comes out later, in pieces, or no more. By the emulator's clock. */
export class ShapedFlow {
	readonly #clock: Clock;
	readonly #target: FlowTarget;
	#shape: Shape;
	#queue: Piece[] = [];
	#waiting = 0;
	#passed = 0;
	/** When the last piece that was put in leaves. */
	#lastMs = Number.NEGATIVE_INFINITY;
	#cancel: (() => void) | undefined;
	#over = false;

	constructor(clock: Clock, shape: Shape, target: FlowTarget) {
		this.#clock = clock;
		this.#shape = shape;
		this.#target = target;
	}

	/** Puts bytes in. Returns false while the sender is to wait for `drained()`. */
	push(chunk: Buffer): boolean {
		if (this.#over) return true;
		const {delayMs, bytesPerSecond, sliceBytes, sliceDelayMs, limitBytes} = this.#shape;
		const room = limitBytes - this.#passed;
		const taken = chunk.length > room ? chunk.subarray(0, Math.max(0, room)) : chunk;
		this.#passed += taken.length;
		const arrivesMs = this.#clock.now() + delayMs;
		const size = Math.min(sliceBytes, Math.max(1, Math.floor((bytesPerSecond * PIECE_MS) / 1000)));
		for (let pos = 0; pos < taken.length; pos += size) {
			const piece = taken.subarray(pos, pos + Math.min(size, taken.length));
			// The first one of all is not kept back by the pause between slices, only by its own length.
			const gapMs = Math.max(
				this.#lastMs === Number.NEGATIVE_INFINITY ? 0 : sliceDelayMs,
				(piece.length * 1000) / bytesPerSecond,
			);
			this.#add(piece, Math.max(arrivesMs, this.#lastMs) + gapMs);
		}
		if (this.#passed >= limitBytes) {
			this.#add(NOTHING, Math.max(arrivesMs, this.#lastMs), () => {
				this.close();
				this.#target.limited();
			});
		}
		this.#pump();
		return this.#waiting < MAX_WAITING;
	}

	/** Whether nothing comes out any more. */
	get isOver(): boolean {
		return this.#over;
	}

	/** Calls `then` once everything has left, and where the connection closes, once its end may. */
	end(then: () => void, connection: 'closes' | 'goes-on' = 'closes'): void {
		if (this.#over) return;
		const {delayMs, endDelayMs} = this.#shape;
		const dueMs = Math.max(this.#clock.now() + delayMs, this.#lastMs);
		this.#add(NOTHING, connection === 'closes' ? dueMs + endDelayMs : dueMs, then);
		this.#pump();
	}

	/** Whether an end comes late. */
	get delaysEnd(): boolean {
		return this.#shape.endDelayMs > 0;
	}

	/** Calls `then` once an end that is bytes of its own, such as a close_notify, may be put in, or handed on. */
	holdEnd(then: () => void): void {
		const {delayMs, endDelayMs} = this.#shape;
		// What is put in then leaves `delayMs` later, and is to leave `endDelayMs` after the last before it.
		const dueMs = Math.max(this.#clock.now(), this.#lastMs - delayMs) + endDelayMs;
		this.#add(NOTHING, Math.max(dueMs, this.#lastMs), then);
		this.#pump();
	}

	/** Everything that waits leaves at once, and what comes is not shaped any more. */
	release(): void {
		this.#shape = {
			...this.#shape,
			delayMs: 0,
			bytesPerSecond: Number.POSITIVE_INFINITY,
			sliceDelayMs: 0,
			endDelayMs: 0,
			limitBytes: Number.POSITIVE_INFINITY,
		};
		this.#lastMs = Number.NEGATIVE_INFINITY;
		this.#queue = this.#queue.map(piece => ({...piece, dueMs: Number.NEGATIVE_INFINITY}));
		this.#pump();
	}

	/** Forgets what waits. */
	close(): void {
		this.#over = true;
		this.#queue = [];
		this.#waiting = 0;
		this.#cancel?.();
	}

	#add(chunk: Buffer, dueMs: number, then?: () => void): void {
		this.#queue.push({chunk, dueMs, then});
		this.#waiting += chunk.length;
		this.#lastMs = dueMs;
	}

	#pump(): void {
		this.#cancel?.();
		this.#cancel = undefined;
		const before = this.#waiting;
		for (;;) {
			const next = this.#queue[0];
			if (next === undefined) break;
			const leftMs = next.dueMs - this.#clock.now();
			if (leftMs > 0) {
				this.#cancel = this.#clock.after(leftMs, () => this.#pump());
				break;
			}
			this.#queue.shift();
			this.#waiting -= next.chunk.length;
			if (next.then === undefined) this.#target.write(next.chunk);
			else next.then();
		}
		if (before >= MAX_WAITING && this.#waiting < MAX_WAITING && !this.#over) this.#target.drained();
	}
}

const NOTHING = Buffer.alloc(0);
