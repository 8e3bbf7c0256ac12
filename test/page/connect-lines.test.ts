import test from 'ava';
import {exportLines, listenerLine} from '../../src/page/connect-lines.ts';

const about = {dnsName: 'web-1.eu-west-2.lbu.outscale.com', authority: '/home/me/it is/authority.pem'};
const bound = {port: 443, host: '127.0.0.1', boundPort: 10_443};
const certificate = (...names: string[]) => ({names, notAfter: '', fingerprint256: '', warnings: []});

test('variables are exported as `lb-local env` does', t => {
	t.deepEqual(exportLines({OSC_REGION: 'eu-west-2', ODD: "it's $HOME"}), [
		"export OSC_REGION='eu-west-2'",
		"export ODD='it'\\''s $HOME'",
	]);
});

const line = test.macro({
	exec(t, spec: string, names: string[], host: string, expected: string) {
		const listener = {...bound, host, spec, ...(names.length === 0 ? {} : {certificate: certificate(...names)})};
		t.is(listenerLine(listener, about), expected);
	},
	title: (_, spec: string, names: string[], host: string) =>
		`what is sent to ${spec} at ${host}, with a certificate for ${names.join(', ') || 'none'}`,
});

const CA = "'/home/me/it is/authority.pem'";
test(line, 'http:443 -> http:80', [], '127.0.0.1', 'curl http://127.0.0.1:10443/');
test(line, 'http:443 -> http:80', [], '::1', "curl 'http://[::1]:10443/'");
test(
	line,
	'https:443 -> http:80',
	[about.dnsName, 'localhost'],
	'127.0.0.1',
	`curl --cacert ${CA} --connect-to ${about.dnsName}:443:127.0.0.1:10443 https://${about.dnsName}:443/`,
);
test(
	line,
	'https:443 -> http:80',
	['web.test', 'www.web.test'],
	'127.0.0.1',
	`curl --cacert ${CA} --connect-to web.test:443:127.0.0.1:10443 https://web.test:443/`,
);
test(
	line,
	'https:443 -> http:80',
	['*.web.test'],
	'127.0.0.1',
	`curl --cacert ${CA} --connect-to any.web.test:443:127.0.0.1:10443 https://any.web.test:443/`,
);
test(
	line,
	'https:443 -> http:80',
	['::1'],
	'::1',
	`curl --cacert ${CA} --connect-to '[::1]:443:[::1]:10443' 'https://[::1]:443/'`,
);
test(
	line,
	'ssl:443 -> tcp:80',
	['mail.test'],
	'127.0.0.1',
	`openssl s_client -CAfile ${CA} -servername mail.test -connect 127.0.0.1:10443`,
);
test(line, 'tcp:443 -> tcp:80', [], '127.0.0.1', 'nc 127.0.0.1 10443');
