import type {WaitingBound} from './waiting-lines.ts';

/** The limit of exchanges that wait for a slow or stopped reader. README.md states it, too. */
export const WAITING_EXCHANGES: WaitingBound = {items: 10_000, bytes: 8 * 1024 * 1024};
