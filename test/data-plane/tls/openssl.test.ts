import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {startLoadBalancer} from '../../../src/index.ts';
import {testWith} from '../../helpers/programs.ts';
import {authority} from '../../helpers/stream-pairs.ts';

const withOpenssl = testWith('openssl');

/** Runs `openssl s_client` against the port, and gives it `last` at `until`. */
async function sClient(
	port: number,
	{args = [], input, until, last = 'Q\n'}: {args?: readonly string[]; input: string; until: string; last?: string},
): Promise<string> {
	const child = spawn('openssl', ['s_client', '-connect', `127.0.0.1:${port}`, ...args]);
	await once(child, 'spawn');
	let said = '';
	child.stdin.on('error', () => {});
	child.stdin.write(input);
	for (const stream of [child.stdout, child.stderr]) {
		stream.setEncoding('utf8').on('data', (text: string) => {
			said += text;
			if (said.includes(until)) child.stdin.end(last);
		});
	}
	await once(child, 'close');
	return said;
}

for (const version of ['-tls1_2', '-tls1_3']) {
	withOpenssl(
		`openssl s_client ${version} verifies the certificate and gets its bytes back from the back-end`,
		async t => {
			await using lb = await startLoadBalancer({
				listeners: ['ssl:6379 -> tcp:6380'],
				backends: [{kind: 'tcp', mode: 'echo'}],
				authority,
			});

			const said = await sClient(lb.port(6379), {
				args: [
					version,
					'-CAfile',
					lb.ca.file,
					'-verify_ip',
					'127.0.0.1',
					'-verify_return_error',
					'-alpn',
					'h2,http/1.1',
				],
				input: 'a line for the back-end\n',
				until: 'a line for the back-end',
			});

			t.regex(said, /Verify(?: return code|ed peername)?: ?(?:0 \(ok\)|127\.0\.0\.1|OK)/i);
			t.true(said.includes('a line for the back-end'));
			t.true(said.includes('No ALPN negotiated'));
			t.true(said.includes('Compression: NONE') || version === '-tls1_3');
			t.is(lb.traffic.last().client.tls?.version, version === '-tls1_2' ? 'TLSv1.2' : 'TLSv1.3');
		},
	);
}

withOpenssl('openssl s_client that asks for static RSA is refused', async t => {
	const {cert, key} = authority.issue({names: ['127.0.0.1'], key: 'rsa'});
	await using lb = await startLoadBalancer({
		listeners: [{listen: 'ssl:6379 -> tcp:6380', certificate: {cert, key}}],
		backends: [{kind: 'tcp', mode: 'echo'}],
		authority,
	});

	const said = await sClient(lb.port(6379), {
		args: ['-tls1_2', '-cipher', 'AES128-GCM-SHA256:AES128-SHA:AES256-SHA'],
		input: '',
		until: 'handshake failure',
	});

	t.regex(said, /handshake failure/);
	t.is(lb.traffic.last().cause, 'the client and this listener share no cipher');
});

withOpenssl('openssl s_client that asks for renegotiation is answered no_renegotiation', async t => {
	await using lb = await startLoadBalancer({
		listeners: ['ssl:6379 -> tcp:6380'],
		backends: [{kind: 'tcp', mode: 'echo'}],
		authority,
	});

	const said = await sClient(lb.port(6379), {
		args: ['-tls1_2', '-CAfile', lb.ca.file],
		input: 'a line for the back-end\n',
		until: 'a line for the back-end',
		// A line that begins with R asks for it.
		last: 'R\n',
	});

	t.regex(said, /RENEGOTIATING[\s\S]*no renegotiation/);
});
