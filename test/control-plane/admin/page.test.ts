import test from 'ava';
import {openControlServer} from '../helpers/control-server.ts';

const FILES = [
	['/_lb/', 'text/html; charset=utf-8', '<!doctype html>'],
	['/_lb/page/app.js', 'text/javascript; charset=utf-8', 'lb-local'],
	['/_lb/page/chunk.js', 'text/javascript; charset=utf-8', 'export'],
	['/_lb/page/more.js', 'text/javascript; charset=utf-8', 'export'],
	['/_lb/page/page.css', 'text/css; charset=utf-8', '{'],
	['/_lb/page/icon.svg', 'image/svg+xml', '<svg '],
] as const;

for (const [path, type, part] of FILES) {
	test(`${path} is served, locked down, and need not be sent again`, async t => {
		await using server = await openControlServer();

		const {status, headers, text} = await server.ask('GET', path);
		const tag = String(headers['etag']);
		const again = await server.ask('GET', path, undefined, {'If-None-Match': `"other", W/${tag}`});
		const changed = await server.ask('GET', path, undefined, {'If-None-Match': '"other"'});

		t.is(status, 200);
		t.is(headers['content-type'], type);
		t.is(headers['cache-control'], 'no-cache');
		t.is(headers['x-content-type-options'], 'nosniff');
		t.is(headers['referrer-policy'], 'no-referrer');
		t.is(headers['cross-origin-resource-policy'], 'same-origin');
		t.is(headers['permissions-policy'], 'clipboard-write=(self)');
		t.is(
			headers['content-security-policy'],
			"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
		);
		t.true(text.includes(part));
		t.regex(tag, /^"[\w-]{22}"$/);
		t.deepEqual([again.status, again.text], [304, '']);
		t.is(changed.status, 200);
	});

	test(`${path} is refused to other sites`, async t => {
		await using server = await openControlServer();

		t.is((await server.ask('GET', path, undefined, {Host: 'evil.test'})).status, 403);
		t.is((await server.ask('GET', path, undefined, {Origin: 'http://evil.test'})).status, 403);
		t.is((await server.ask('GET', path, undefined, {'Sec-Fetch-Site': 'cross-site'})).status, 403);
		t.is((await server.ask('POST', path, '{}')).status, 405);
	});
}

for (const path of ['/_lb/events', '/_lb/traffic', '/_lb/traffic/web/1', '/_lb/state', '/_lb/connect']) {
	test(`${path}, which the page reads, is refused to other sites`, async t => {
		await using server = await openControlServer();

		for (const headers of [{Host: 'evil.test'}, {Origin: 'http://evil.test'}, {'Sec-Fetch-Site': 'cross-site'}]) {
			const {status, headers: answered} = await server.ask('GET', path, undefined, headers);
			t.is(status, 403, JSON.stringify(headers));
			t.is(answered['access-control-allow-origin'], undefined);
		}
	});
}

test('the page has one address, with the slash at its end', async t => {
	await using server = await openControlServer();

	const {status, headers} = await server.ask('GET', '/_lb');

	t.is(status, 308);
	t.is(headers['location'], '/_lb/');
});

test('no other file is reached by way of the page', async t => {
	await using server = await openControlServer();

	for (const path of ['/_lb/page/', '/_lb/page/index.html', '/_lb/page/../state', '/_lb/page/%2e%2e/package.json']) {
		t.is((await server.ask('GET', path)).status, 404, path);
	}
});
