import {once} from 'node:events';
import {connect, type TLSSocket} from 'node:tls';
import test from 'ava';
import {createAuthority, startLoadBalancer} from '../../src/index.ts';
import {runs} from '../helpers/depth.ts';

const authority = createAuthority();
const first = authority.issue({names: ['first.test']});
const second = authority.issue({names: ['second.test']});

async function shake(port: number, session?: Buffer): Promise<TLSSocket> {
	const client = connect({host: '127.0.0.1', port, ca: authority.pem, checkServerIdentity: () => undefined, session});
	await once(client, 'secureConnect');
	return client;
}

const pair = ({cert, key}: {cert: string; key: string}) => ({cert, key});

test('a swapped certificate is shown from the next handshake on, and what is open goes on', async t => {
	await using lb = await startLoadBalancer({
		authority,
		listeners: [{listen: 'https:443 -> http:80', certificate: pair(first)}],
		backends: 1,
	});
	const open = await shake(lb.port(443));

	await lb.setCertificate(443, pair(second));
	const fresh = await shake(lb.port(443));
	open.write('GET /open HTTP/1.1\r\nHost: x\r\n\r\n');
	const [answer] = await once(open, 'data');

	t.regex(String(answer), /^HTTP\/1\.1 200 /);
	t.is(open.getPeerCertificate().fingerprint256, first.fingerprint256);
	t.is(fresh.getPeerCertificate().fingerprint256, second.fingerprint256);
	t.deepEqual(lb.listeners[0]?.certificate?.names, ['second.test']);
	t.is((await lb.fetch('/')).status, 200, 'the client inside asks for the new name');
	open.destroy();
	fresh.destroy();
});

test('certificates swapped under load lose no handshake and no request', async t => {
	await using lb = await startLoadBalancer({
		authority,
		listeners: [{listen: 'https:443 -> http:80', certificate: pair(first)}],
		backends: 2,
	});
	const ask = async () => {
		const client = await shake(lb.port(443));
		client.write('GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
		let heard = '';
		client.setEncoding('utf8').on('data', chunk => {
			heard += chunk;
		});
		await once(client, 'close');
		return heard.startsWith('HTTP/1.1 200 ') && heard.endsWith('}');
	};
	let swaps = 0;
	let busy = true;
	const swapping = (async () => {
		while (busy) {
			await lb.setCertificate(443, pair(swaps++ % 2 === 0 ? second : first));
			await lb.traffic.next();
		}
	})();

	const whole: boolean[] = [];
	const rounds = runs(20, 5);
	for (let round = 0; round < rounds; round++) whole.push(...(await Promise.all(Array.from({length: 10}, ask))));
	busy = false;
	await Promise.all([ask(), swapping]);

	t.is(whole.filter(Boolean).length, 10 * rounds);
	t.true(swaps > rounds, `${swaps} swaps`);
	t.true([...lb.traffic].every(({outcome}) => outcome === 'ok'));
});

test('a session outlives the swap of another listener’s certificate', async t => {
	await using lb = await startLoadBalancer({
		authority,
		listeners: [
			{listen: 'ssl:1 -> tcp', certificate: pair(first)},
			{listen: 'ssl:2 -> tcp', certificate: pair(first)},
		],
		backends: [{kind: 'tcp', mode: 'echo'}],
	});
	const client = await shake(lb.port(1));
	const [ticket] = await once(client, 'session');

	await lb.setCertificate(2, pair(second));
	const again = await shake(lb.port(1), ticket);

	t.true(again.isSessionReused());
	client.destroy();
	again.destroy();
});

test('a certificate that is none, or has no place, changes nothing', async t => {
	await using lb = await startLoadBalancer({
		authority,
		listeners: [{listen: 'https:443 -> http:80', certificate: pair(first)}, 'http:80'],
	});

	await t.throwsAsync(lb.setCertificate(443, {cert: first.cert, key: second.key}), {
		code: 'INVALID_DESCRIPTION',
		message: /certificate\.key: .*does not/,
	});
	await t.throwsAsync(lb.setCertificate(443, 'nowhere'), {message: /there is no certificate named "nowhere"/});
	await t.throwsAsync(lb.setCertificate(443, 5 as never), {
		message: /must be the name of a certificate, \{names\} to issue one, or PEM text/,
	});
	await t.throwsAsync(lb.setCertificate(80, pair(first)), {message: /https and ssl listeners only/});
	await t.throwsAsync(lb.setCertificate(81, pair(first)), {code: 'NO_SUCH_LISTENER'});
	const client = await shake(lb.port(443));

	t.is(client.getPeerCertificate().fingerprint256, first.fingerprint256);
	client.destroy();
});
