import {createServer} from 'node:net';
import {type SecureContext, TLSSocket} from 'node:tls';
import test, {type ExecutionContext} from 'ava';
import {createAuthority} from '../../src/certificates/authority.ts';
import {createServerContext, ticketKeysFor} from '../../src/certificates/session-tickets.ts';
import {listening} from '../helpers/own-servers.ts';
import {hello} from '../helpers/tickets.ts';

const authority = createAuthority();
const {cert, key} = authority.issue({names: ['127.0.0.1']});

/** A server that echoes. */
function echo(t: ExecutionContext, secureContext: SecureContext): Promise<number> {
	const server = createServer(raw => {
		const stream = new TLSSocket(raw, {isServer: true, secureContext});
		stream.on('error', () => {});
		stream.on('data', (chunk: Buffer) => stream.write(chunk));
	});
	return listening(t, server);
}

test('a TLS 1.3 client that resumes gets a new ticket, which works too', async t => {
	const port = await echo(t, createServerContext({cert, key}));
	const client = {port, ca: authority.pem, version: 'TLSv1.3'} as const;
	const first = await hello(client);

	const second = await hello({...client, ticket: first.ticket});
	const third = await hello({...client, ticket: second.ticket});

	t.deepEqual([first.resumed, second.resumed, third.resumed], [false, true, true]);
	t.notDeepEqual(second.ticket, first.ticket);
	t.notDeepEqual(third.ticket, second.ticket);
});

test('a TLS 1.2 client resumes again and again', async t => {
	const port = await echo(t, createServerContext({cert, key}));
	const client = {port, ca: authority.pem, version: 'TLSv1.2'} as const;
	const first = await hello(client);

	const second = await hello({...client, ticket: first.ticket});
	const third = await hello({...client, ticket: second.ticket});

	t.deepEqual([first.resumed, second.resumed, third.resumed], [false, true, true]);
});

for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
	test(`a ${version} ticket works wherever the keys are the same, and nowhere else`, async t => {
		const secret = Buffer.alloc(32, 7);
		const at = (purpose: string) => echo(t, createServerContext({cert, key}, ticketKeysFor(secret, purpose)));
		const [one, same, other] = [await at('one'), await at('one'), await at('other')];
		const client = {ca: authority.pem, version};
		const {ticket} = await hello({...client, port: one});

		t.true((await hello({...client, port: same, ticket})).resumed);
		t.false((await hello({...client, port: other, ticket})).resumed);
	});
}
