import {writeFile} from 'node:fs/promises';
import path from 'node:path';
import {fileURLToPath} from 'node:url';
import type {ExecutionContext} from 'ava';
import {type ListenerSpec, startLoadBalancer} from '../../../src/index.ts';
import {ownTcpServer, ownTlsServer} from '../../helpers/own-servers.ts';
import {runProgram, testWith} from '../../helpers/programs.ts';
import {authority, serverPair} from '../../helpers/stream-pairs.ts';
import {temporaryFolder} from '../../helpers/temporary-folder.ts';

const withPython = testWith('python3');
const CLIENT = fileURLToPath(new URL('../../helpers/python-client.py', import.meta.url));

interface Wish {
	readonly port: number;
	readonly say: string;
	/** Speaks TLS and trusts this. */
	readonly ca?: string;
	/** How it ends its own direction over TLS. */
	readonly half_close?: 'close_notify' | 'fin';
	/** A file with its certificate and key. */
	readonly identity?: string;
}

interface Said {
	readonly port: number;
	readonly heard: string;
	/** What told of the other side's end. */
	readonly end: 'close_notify' | 'fin';
	readonly version?: string;
}

async function python(t: ExecutionContext, wish: Wish): Promise<Said> {
	const ran = await runProgram(t, 'python3', [CLIENT], JSON.stringify(wish));
	if (ran?.code !== 0) throw new Error(ran?.stderr);
	// Written by the program beside this file.
	return JSON.parse(ran.stdout) as Said;
}

const WAYS: readonly [ListenerSpec, Wish['half_close']][] = [
	['tcp:6379 -> tcp:6380', undefined],
	['ssl:6379 -> tcp:6380', 'close_notify'],
	['ssl:6379 -> tcp:6380', 'fin'],
];

for (const [listen, halfClose] of WAYS) {
	for (const proxyProtocol of [false, true]) {
		const how = `${listen}${halfClose === undefined ? '' : `, ${halfClose}`}${proxyProtocol ? ', PROXY line' : ''}`;
		withPython(`a Python client that half-closes hears the answer and its end (${how})`, async t => {
			const server = await ownTcpServer(t, 'the back-end');
			await using lb = await startLoadBalancer({
				listeners: [{listen, proxyProtocol}],
				backends: [server.address],
				authority,
			});

			const said = await python(t, {
				port: lb.port(6379),
				say: 'a question',
				...(halfClose === undefined ? {} : {ca: authority.pem, half_close: halfClose}),
			});

			const line = proxyProtocol ? `PROXY TCP4 127.0.0.1 127.0.0.1 ${said.port} 6379\r\n` : '';
			t.deepEqual(server.received, [`${line}a question`]);
			t.is(said.heard, `the back-end heard ${line.length + 10}`);
			t.is(said.end, halfClose === undefined ? 'fin' : 'close_notify');
			t.is(lb.traffic.last().outcome, 'ok');
		});
	}
}

withPython('a Python client shows its certificate to the back-end through a passthrough', async t => {
	const directory = await temporaryFolder(t);
	const {cert, key} = authority.issue({names: ['till-7.shop.test']});
	const identity = path.join(directory, 'identity.pem');
	await writeFile(identity, cert + key, {mode: 0o600});
	const server = await ownTlsServer(
		t,
		{cert: serverPair.cert, key: serverPair.key, ca: authority.pem, requestCert: true},
		stream => {
			const name = stream.getPeerX509Certificate()?.subjectAltName;
			stream.resume().on('end', () => stream.end(`welcome, ${name}`));
		},
	);
	await using lb = await startLoadBalancer({listeners: ['tcp:443'], backends: [server.address]});

	const wish = {port: lb.port(443), say: 'a question', ca: authority.pem, half_close: 'close_notify'} as const;
	const said = await python(t, {...wish, identity});

	t.is(said.heard, 'welcome, DNS:till-7.shop.test');
	t.is(said.end, 'close_notify');
	t.is(lb.traffic.last().kind, 'tls-passthrough');
});
