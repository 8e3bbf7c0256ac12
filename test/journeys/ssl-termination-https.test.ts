import {readFile} from 'node:fs/promises';
import {Agent, request} from 'node:https';
import test from 'ava';
import {ownHttpServer} from '../helpers/own-servers.ts';
import {runProgram} from '../helpers/programs.ts';
import {type Started, SURFACES} from '../helpers/surfaces.ts';

for (const [surface, start] of SURFACES) {
	test(`https to http ${surface}: TLS ends here, requests are spread one by one over one connection`, async t => {
		const servers = [await ownHttpServer(t, 'first'), await ownHttpServer(t, 'second')];
		const lb = await start(t, {listener: 'https:443 -> http:80', backends: servers.map(({address}) => address)});

		const answers = await getOverOneConnection(lb, ['/0', '/1', '/2', '/3']);

		t.deepEqual(
			answers.map(({body}) => body),
			['first', 'second', 'first', 'second'],
		);
		t.is(new Set(answers.map(({clientPort}) => clientPort)).size, 1, 'all came over one connection');
		t.true(answers[0]?.names.includes(lb.dnsName), 'the certificate is for the load balancer');
		for (const [index, server] of servers.entries()) {
			const [one, two] = server.received;
			t.deepEqual([one?.target, two?.target], [`/${index}`, `/${index + 2}`]);
			t.false(one?.encrypted);
			t.is(field(one?.rawHeaders, 'X-Forwarded-For'), '203.0.113.7, 127.0.0.1');
			t.is(field(one?.rawHeaders, 'X-Forwarded-Proto'), 'https');
			t.is(field(one?.rawHeaders, 'X-Forwarded-Port'), '443');
			t.is(field(one?.rawHeaders, 'Host'), lb.dnsName);
		}

		const exchanges = await lb.exchanges(4);
		t.deepEqual(
			exchanges.map(({request: sent}) => sent?.rawHeaders),
			[0, 1, 0, 1].map((server, index) => servers[server]?.received[index >> 1]?.rawHeaders),
			'the record is what the back-end received, to the letter',
		);
		t.deepEqual(exchanges[0]?.added, [
			['X-Forwarded-For', '203.0.113.7, 127.0.0.1'],
			['X-Forwarded-Proto', 'https'],
			['X-Forwarded-Port', '443'],
		]);
		t.true(exchanges.every(({outcome, response}) => outcome === 'ok' && response?.status === 200));
		await lb.stop();
	});

	test(`https to http ${surface}: curl and openssl agree`, async t => {
		const server = await ownHttpServer(t, 'hello');
		const lb = await start(t, {listener: 'https:443 -> http:80', backends: [server.address]});

		const curl = await runProgram(t, 'curl', [
			...['--silent', '--show-error', '--max-time', '20', '--cacert', lb.caFile],
			...['--connect-to', `${lb.dnsName}:443:127.0.0.1:${lb.port}`, `https://${lb.dnsName}/by-curl`],
		]);
		const openssl = await runProgram(
			t,
			'openssl',
			[
				...['s_client', '-ign_eof', '-verify_return_error', '-CAfile', lb.caFile, '-servername', lb.dnsName],
				...['-alpn', 'h2,http/1.1', '-connect', `127.0.0.1:${lb.port}`],
			],
			`GET /by-openssl HTTP/1.1\r\nHost: ${lb.dnsName}\r\nConnection: close\r\n\r\n`,
		);

		if (curl !== undefined) {
			t.is(curl.stdout, 'hello', curl.stderr);
			t.is(server.received[0]?.target, '/by-curl');
		}
		if (openssl !== undefined) {
			t.regex(openssl.stdout, /Verify return code: 0 \(ok\)|Verification: OK/);
			t.regex(openssl.stdout, /ALPN protocol: http\/1\.1/);
			t.regex(openssl.stdout, /HTTP\/1\.1 200 OK[\s\S]*hello/);
			t.is(server.received.at(-1)?.target, '/by-openssl');
		}
		await lb.stop();
	});
}

interface Answer {
	readonly body: string;
	readonly clientPort: number | undefined;
	/** What the certificate that was shown is for. */
	readonly names: string;
}

async function getOverOneConnection(lb: Started, targets: readonly string[]): Promise<Answer[]> {
	const agent = new Agent({keepAlive: true, maxSockets: 1, ca: await readFile(lb.caFile)});
	const answers: Answer[] = [];
	for (const path of targets) {
		answers.push(
			await new Promise((resolve, reject) => {
				const options = {
					...{agent, host: '127.0.0.1', port: lb.port, servername: lb.dnsName, path},
					headers: {Host: lb.dnsName, 'X-Forwarded-For': '203.0.113.7', 'X-Forwarded-Proto': 'gopher'},
				};
				request(options, response => {
					const {localPort} = response.socket;
					// The agent is for https, so the socket is a TLS one.
					const {subjectaltname = ''} = (response.socket as import('node:tls').TLSSocket).getPeerCertificate();
					let body = '';
					response.setEncoding('utf8').on('data', text => {
						body += text;
					});
					response.on('end', () => resolve({body, clientPort: localPort, names: subjectaltname}));
				})
					.on('error', reject)
					.end();
			}),
		);
	}
	agent.destroy();
	return answers;
}

function field(rawHeaders: readonly string[] | undefined, name: string): string | undefined {
	const index = rawHeaders?.indexOf(name) ?? -1;
	return index === -1 ? undefined : rawHeaders?.[index + 1];
}
