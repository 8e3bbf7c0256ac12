import test from 'ava';
import {EventStreams} from '../../../src/control-plane/admin/event-streams.ts';
import {Live} from '../../../src/emulator/live.ts';
import {Journal} from '../../../src/observability/journal.ts';
import {HandClock} from '../../helpers/hand-clock.ts';
import {within} from '../../helpers/patience.ts';

/** Streams whose time is in the test's hands. */
function scene() {
	const clock = new HandClock();
	const live = new Live();
	live.begin();
	const streams = new EventStreams(live, clock);
	const open = (lastEventId?: string) => {
		const iterator = streams.open(lastEventId).parts[Symbol.asyncIterator]();
		return {
			/** What has come since the last call. */
			next: async () => (await within('something from the stream', iterator.next())).value as string | undefined,
			leave: () => iterator.return?.(),
		};
	};
	/** Something that is told at once. */
	const note = async (text: string) => {
		live.announce('notice', {level: 'note', topic: 'ports', text});
		await Promise.resolve();
	};
	return {clock, live, streams, open, note};
}

test('a stream says first when to come back, and where its numbers begin', async t => {
	const {open, streams} = scene();
	const reader = open();

	t.regex(
		(await reader.next()) ?? '',
		/^retry: 1000\nid: 0\nevent: hello\ndata: \{"instance":"[\w-]+","revision":0\}\n\n$/,
	);
	streams.close();
});

test('a stream on which nothing happens has a comment every 15 seconds', async t => {
	const {clock, open, note, streams} = scene();
	const readers = [open(), open()];
	for (const reader of readers) await reader.next();

	await clock.advance(14_999);
	await note('meanwhile');
	for (const reader of readers) t.notRegex((await reader.next()) ?? '', /ping/);
	for (let round = 0; round < 3; round++) {
		await clock.advance(15_000);
		for (const reader of readers) {
			const text = (await reader.next()) ?? '';
			// A comment has no number, and is no event.
			t.is(text.split('\n\n').filter(each => each === ': ping').length, 1, text);
		}
	}
	streams.close();
	t.is(clock.waiting, 0);
});

test('exchanges and what has been cleared are told every 100 ms', async t => {
	const {clock, live, open, note, streams} = scene();
	const reader = open();
	await reader.next();
	live.feed.cleared();
	live.feed.cleared();

	await clock.advance(99);
	await note('first');
	t.regex((await reader.next()) ?? '', /^id: 1\nevent: notice\ndata: [^\n]*\n\n$/);
	await clock.advance(1);
	t.regex((await reader.next()) ?? '', /^id: 2\nevent: cleared\ndata: \{\}\n\nid: 3\nevent: state\n/);
	streams.close();
});

test('who comes back within 30 seconds has missed nothing; then nothing is gathered any more', async t => {
	const {clock, live, open, note, streams} = scene();
	const first = open();
	await first.next();
	await first.leave();
	await clock.advance(29_999);
	await note('missed');
	const second = open('0');
	t.regex((await second.next()) ?? '', /event: hello\n[^\n]*\n\nid: 1\nevent: notice\n/);
	await second.leave();

	await clock.advance(29_999);
	t.true(live.feed.isWatched);
	await clock.advance(1);

	t.false(live.feed.isWatched);
	t.is(clock.waiting, 0);
	const journal = new Journal(1, live.feed);
	journal.clear();
	t.regex((await open('1').next()) ?? '', /event: resync\n/);
	streams.close();
});
