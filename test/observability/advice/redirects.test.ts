import test from 'ava';
import {advised, handled, said} from '../../helpers/advised.ts';

/** A client that shows a redirect as it is. */
const asItIs = {redirect: 'manual'} as const;
const TERMINATING = {listeners: ['https:443 -> http:80']} as const;

/** A back-end that sends plain HTTP to HTTPS, by what it trusts. */
function redirecting(isSecure: (proto: unknown) => boolean) {
	return handled(({headers, url}, response) => {
		if (isSecure(headers['x-forwarded-proto'])) response.end();
		else response.writeHead(301, {location: `https://${headers.host}${url}`}).end();
	});
}

test('a redirect to the https: URL that the client asked for is a loop', async t => {
	const lb = await advised(t, {...TERMINATING, backends: [redirecting(() => false)]});

	await lb.fetch('/login?next=1', asItIs);
	await lb.fetch('/', asItIs);

	t.deepEqual(said(lb), ['redirect-loop app:443 certain 2']);
	const [advice] = lb.advice;
	t.is(
		advice?.message,
		'Back-end app redirects clients of HTTPS listener 443 to the https: URL they asked for: it takes the request for plain HTTP, and the redirects never end',
	);
	t.regex(advice?.fix ?? '', /^Have the back-end take the scheme from X-Forwarded-Proto: .*; redirect to https: only/);
	t.is(advice?.seen, [...lb.traffic][0]);
	t.is(advice?.loadBalancer, lb.name);
});

test('a back-end that trusts X-Forwarded-Proto is not advised, on neither listener', async t => {
	const backends = [redirecting(proto => proto === 'https')];
	const lb = await advised(t, {listeners: ['http:80', 'https:443 -> http:80'], backends});

	await lb.fetch('/', asItIs);
	await lb.fetch('https://127.0.0.1/');

	t.deepEqual(
		[...lb.traffic].map(({summary}) => summary.status),
		[301, 200],
	);
	t.deepEqual(said(lb), []);
});

test('a redirect to the same page that sets a cookie may be a look whether cookies come back', async t => {
	const backends = [
		handled(({headers, url}, response) => {
			response.writeHead(302, {location: `https://${headers.host}${url}`, 'set-cookie': 'probe=1; Secure'}).end();
		}),
	];
	const lb = await advised(t, {...TERMINATING, backends});

	await lb.fetch('/', asItIs);

	t.deepEqual(said(lb), ['redirect-loop app:443 likely 1']);
});

test('a redirect from HTTPS to http: of the same host', async t => {
	const backends = [
		handled(({headers}, response) => response.writeHead(302, {location: `http://${headers.host}/in`}).end()),
	];
	const lb = await advised(t, {...TERMINATING, backends});

	await lb.fetch('/', asItIs);

	t.deepEqual(said(lb), ['redirect-to-http app:443 certain 1']);
	t.is(
		lb.advice[0]?.message,
		'Back-end app redirects clients of HTTPS listener 443 to an http: URL of the same host: it takes the request for plain HTTP',
	);
});

test('a redirect to the port on which the back-end listens', async t => {
	const backends = [
		handled(({socket}, response) =>
			response.writeHead(302, {location: `http://localhost:${socket.localPort}/in?token=secret`}).end(),
		),
	];
	const lb = await advised(t, {...TERMINATING, backends});

	await lb.fetch('/', asItIs);

	t.deepEqual(said(lb), ['redirect-to-backend-port app: certain 1']);
	t.regex(lb.advice[0]?.message ?? '', /^Back-end app redirects clients to http:\/\/localhost:\d+, its own port/);
	t.false(lb.advice[0]?.message.includes('secret'));
});

const harmless = test.macro({
	async exec(t, status: number, location: (host: string, path: string) => string) {
		const backends = [
			handled(({headers, url = ''}, response) =>
				response.writeHead(status, {location: location(headers.host ?? '', url)}).end(),
			),
		];
		const lb = await advised(t, {...TERMINATING, backends});

		await lb.fetch('/a', asItIs);

		t.is(lb.traffic.last().summary.status, status);
		t.deepEqual(said(lb), []);
	},
	title: (name = '') => `no advice about a redirect ${name}`,
});

test('to a path', harmless, 302, () => '/b');
test('to another page over https:', harmless, 302, host => `https://${host}/b`);
test('to another host', harmless, 301, (_, path) => `https://www.web.test${path}`);
test('to http: of another host', harmless, 301, () => 'http://other.test/');
test('to a text that is no URL', harmless, 302, () => 'https://:x/');
test('that is none: 304', harmless, 304, (host, path) => `https://${host}${path}`);

test('redirects of plain listeners to http: are right', async t => {
	const backends = [
		handled(({headers}, response) => response.writeHead(302, {location: `http://${headers.host}/in`}).end()),
	];
	const lb = await advised(t, {backends});

	await lb.fetch('/', asItIs);

	t.deepEqual(said(lb), []);
});
