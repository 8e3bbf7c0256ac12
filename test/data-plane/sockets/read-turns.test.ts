import {setImmediate as nextRound} from 'node:timers/promises';
import test from 'ava';
import {ReadTurns, type TurnTaker} from '../../../src/data-plane/sockets/read-turns.ts';

interface NamedTurnTaker extends TurnTaker {
	readonly name: number;
	/** Whether it has been told to wait and not been called since. */
	waits: boolean;
}

/** Clients that write down when they are called. */
function makeClients(count: number): {readonly clients: NamedTurnTaker[]; readonly called: number[]} {
	const called: number[] = [];
	const clients = Array.from({length: count}, (_, name) => ({
		name,
		wentOn: 0,
		waits: false,
		takeTurn() {
			this.waits = false;
			called.push(name);
		},
	}));
	return {clients, called};
}

/** Has each client that does not wait do one piece of work. Returns how many did. */
function work(turns: ReadTurns, clients: readonly NamedTurnTaker[]): number {
	const working = clients.filter(({waits}) => !waits);
	for (const client of working) client.waits = !turns.mayGoOn(client);
	return working.length;
}

test('nobody waits where few send, however often', async t => {
	const turns = new ReadTurns();
	const {clients, called} = makeClients(100);

	for (let round = 0; round < 50; round++) {
		work(turns, clients);
		await nextRound();
	}

	t.false(clients.some(({waits}) => waits));
	t.deepEqual(called, []);
});

test('in a crowd a round stays short, and everybody gets the same', async t => {
	const turns = new ReadTurns();
	const {clients} = makeClients(1000);
	const done = clients.map(() => 0);
	const rounds: number[] = [];

	for (let round = 0; round < 4000; round++) {
		for (const {name, waits} of clients) if (!waits) done[name] = (done[name] ?? 0) + 1;
		rounds.push(work(turns, clients));
		await nextRound();
	}

	t.true(Math.max(...rounds.slice(10)) <= 20, `${Math.max(...rounds.slice(10))} in one round`);
	t.true(Math.max(...done) - Math.min(...done) <= 8, `${Math.min(...done)} to ${Math.max(...done)}`);
});

test('who waits is called in order, once, and goes on waiting for nobody', async t => {
	const turns = new ReadTurns();
	const {clients, called} = makeClients(300);
	const told: number[] = [];
	while (told.length < clients.length) {
		for (const client of clients.filter(({waits}) => !waits)) {
			work(turns, [client]);
			if (client.waits) told.push(client.name);
		}
	}

	while (clients.some(({waits}) => waits)) await nextRound();

	t.deepEqual(called, told);
	await nextRound();
	t.is(work(turns, clients.slice(0, 100)), 100);
	t.false(clients.some(({waits}) => waits));
});

test('while clients are being accepted a smaller crowd is one', async t => {
	const turns = new ReadTurns();
	const {clients} = makeClients(60);
	for (let round = 0; round < 6; round++) {
		turns.accepted();
		work(turns, clients);
		await nextRound();
	}
	t.true(clients.some(({waits}) => waits));

	while (clients.some(({waits}) => waits)) await nextRound();
	await nextRound();
	await nextRound();

	for (let round = 0; round < 20; round++) {
		work(turns, clients);
		await nextRound();
	}
	t.false(clients.some(({waits}) => waits));
});
