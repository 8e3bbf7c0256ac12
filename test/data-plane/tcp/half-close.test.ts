import test from 'ava';
import {join, PAIRS, startPassage} from '../../helpers/stream-pairs.ts';

for (const pair of PAIRS) {
	test(`${pair.name}: a client that has ended still hears the back-end`, async t => {
		const {lb, client, backend} = await join(t, pair);

		client.stream.end('question');
		t.is((await backend.readAll()).toString(), 'question');
		backend.stream.write('first part, ');
		t.is((await client.read(12)).toString(), 'first part, ');
		const ended = lb.traffic.next();
		backend.stream.end('second part');

		t.is((await client.readAll()).toString(), 'second part');
		t.is((await ended).outcome, 'ok');
		t.is(lb.traffic.last().cause, '');
	});

	test(`${pair.name}: a back-end that has ended still hears the client`, async t => {
		const {lb, client, backend} = await join(t, pair);

		backend.stream.end('that is all');
		t.is((await client.readAll()).toString(), 'that is all');
		client.stream.write('one more, ');
		t.is((await backend.read(10)).toString(), 'one more, ');
		const ended = lb.traffic.next();
		client.stream.end('and another');

		t.is((await backend.readAll()).toString(), 'and another');
		t.is((await ended).outcome, 'ok');
	});

	test(`${pair.name}: an end without a byte reaches the other side, both ways`, async t => {
		const {lb, client, backend} = await join(t, pair);
		const ended = lb.traffic.next();

		client.stream.end();
		t.is((await backend.readAll()).length, 0);
		backend.stream.end();

		t.is((await client.readAll()).length, 0);
		t.is((await ended).outcome, 'ok');
	});

	test(`${pair.name}: a client that ends at once, before a back-end has answered, is heard`, async t => {
		await using passage = await startPassage(pair, {serve: ({stream}) => stream.resume().end('banner')});
		const {lb, server} = passage;
		const ended = lb.traffic.next();

		const client = await passage.client();
		client.stream.end();

		t.is((await client.readAll()).toString(), 'banner');
		t.is(await (await server.connection()).ending, 'end');
		t.is((await ended).outcome, 'ok');
	});
}
