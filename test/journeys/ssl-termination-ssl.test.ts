import {readFile} from 'node:fs/promises';
import {text} from 'node:stream/consumers';
import {connect} from 'node:tls';
import test from 'ava';
import {ownTcpServer} from '../helpers/own-servers.ts';
import {runProgram} from '../helpers/programs.ts';
import {SURFACES} from '../helpers/surfaces.ts';

for (const [surface, start] of SURFACES) {
	test(`ssl to tcp ${surface}: the decrypted bytes arrive alone, connections are spread, half-close is kept`, async t => {
		const servers = [await ownTcpServer(t, 'first'), await ownTcpServer(t, 'second')];
		const lb = await start(t, {listener: 'ssl:6379 -> tcp:6380', backends: servers.map(({address}) => address)});
		const ca = await readFile(lb.caFile);

		const answers: string[] = [];
		for (const sent of ['one', 'three', 'fifteen']) {
			const options = {host: '127.0.0.1', port: lb.port, servername: lb.dnsName, ca, allowHalfOpen: true};
			const client = connect(options);
			client.end(sent);
			answers.push(await text(client));
		}

		t.deepEqual(answers, ['first heard 3', 'second heard 5', 'first heard 7']);
		t.deepEqual(
			servers.map(({received}) => received),
			[['one', 'fifteen'], ['three']],
		);
		const exchanges = await lb.exchanges(3);
		t.deepEqual(
			exchanges.map(({kind, outcome, added, client}) => [kind, outcome, added.length, client.tls?.version]),
			[0, 1, 2].map(() => ['tcp', 'ok', 0, 'TLSv1.3']),
		);
		await lb.stop();
	});

	test(`ssl to tcp ${surface}: openssl agrees`, async t => {
		const server = await ownTcpServer(t, 'hello');
		const lb = await start(t, {listener: 'ssl:6379 -> tcp:6380', backends: [server.address]});

		const openssl = await runProgram(
			t,
			'openssl',
			[
				...['s_client', '-quiet', '-no_ign_eof', '-verify_return_error', '-CAfile', lb.caFile],
				...['-servername', lb.dnsName, '-connect', `127.0.0.1:${lb.port}`],
			],
			'by openssl',
		);

		if (openssl === undefined) t.deepEqual(server.received, []);
		else {
			const [exchange] = await lb.exchanges(1);
			t.is(exchange?.outcome, 'ok', openssl.stderr);
			t.deepEqual(server.received, ['by openssl']);
		}
		await lb.stop();
	});
}
