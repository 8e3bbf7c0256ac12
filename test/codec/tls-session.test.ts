import {once} from 'node:events';
import {connect, createServer} from 'node:tls';
import test from 'ava';
import fc from 'fast-check';
import {createAuthority} from '../../src/certificates/authority.ts';
import {withoutPeer} from '../../src/codec/tls-session.ts';
import {listening} from '../helpers/own-servers.ts';

for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
	test(`a session of ${maxVersion} without the peer's certificate is smaller and still resumes`, async t => {
		const server = createServer({...createAuthority().issue({names: ['shop.test']}), maxVersion}, socket => {
			socket.on('error', () => {});
			socket.resume().write('hello');
		});
		const port = await listening(t, server);
		const shake = async (session?: Buffer) => {
			const client = connect({host: '127.0.0.1', port, rejectUnauthorized: false, session});
			const issued = once(client, 'session');
			await once(client.resume(), 'secureConnect');
			if (session === undefined) await issued;
			// Node passes a Buffer.
			const fresh: Buffer = session ?? (await issued)[0];
			const isResumed = client.isSessionReused();
			client.destroy();
			return {fresh, isResumed};
		};
		const {fresh, isResumed} = await shake();
		t.false(isResumed);

		const stripped = withoutPeer(fresh);

		t.true(stripped.length < fresh.length - 200, `${stripped.length} of ${fresh.length} bytes`);
		t.true((await shake(stripped)).isResumed);
		t.is(withoutPeer(stripped), stripped, 'there is nothing left to take away');
	});
}

test('anything but a session is not changed', t => {
	fc.assert(
		fc.property(fc.uint8Array({maxLength: 80}), bytes => {
			const given = Buffer.from(bytes);
			const before = Buffer.from(given);
			withoutPeer(given);
			return given.equals(before);
		}),
	);
	for (const hex of ['', '30', '3003', '3080a300', '300284ff', '3005a30502', '0403a30100', '3085a3']) {
		const given = Buffer.from(hex, 'hex');
		t.is(withoutPeer(given), given, hex);
	}
	t.is(withoutPeer(Buffer.from('3006a302aabb0500', 'hex')).toString('hex'), '30020500');
	const envelope = Buffer.from('\0nodejs:tls:session:1\0\0\x09localhost', 'latin1');
	const enclosed = Buffer.concat([envelope, Buffer.from('3006a302aabb0500', 'hex')]);
	t.is(withoutPeer(enclosed).toString('hex'), `${envelope.toString('hex')}30020500`, 'what Node put before stays');
	t.is(withoutPeer(envelope), envelope);
});
