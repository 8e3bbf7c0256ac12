import test from 'ava';
import {quote, withoutSecrets} from '../../src/base/quote.ts';

const BODY = 'MIIEvQIBADANBgkqhkiG9w0B\nAQEFAASCBKcwggSj';
const KEY = `-----BEGIN EC PRIVATE KEY-----\n${BODY}\n-----END EC PRIVATE KEY-----`;

const cleans = test.macro({
	exec: (t, text: string, wanted: string) => t.is(withoutSecrets(text), wanted),
	title: (_, text) => `${JSON.stringify(text).slice(0, 60)} is told without its private keys`,
});

test(cleans, 'no key at all', 'no key at all');
test(cleans, 'the key is not PEM text of a private key', 'the key is not PEM text of a private key');
test(cleans, 'the back-end (private key) is unknown', 'the back-end (private key) is unknown');
test(cleans, 'send it to the end, PRIVATE KEY', 'send it to the end, PRIVATE KEY');
test(cleans, `before ${KEY} after`, 'before (private key) after');
test(cleans, `${KEY}\n${KEY}`, '(private key)\n(private key)');
test(cleans, `x ${KEY.slice(0, 50)}`, 'x (private key)');
test(cleans, `"${BODY}\n-----END PRIVATE KEY-----" is wrong`, '"(private key)" is wrong');
test(cleans, JSON.stringify({name: KEY}), '{"name":"(private key)"}');
test(cleans, encodeURIComponent(KEY), '(private key)');
test(cleans, encodeURIComponent(encodeURIComponent(KEY)), '(private key)');
test(cleans, KEY.replaceAll(' ', '+'), '(private key)');
test(cleans, '-----BEGIN PGP PRIVATE KEY BLOCK-----\nx\n-----END PGP PRIVATE KEY BLOCK-----.', '(private key).');

test('a text is quoted without a private key, and without what follows credentials', t => {
	t.is(quote(`127.0.0.1:${KEY}`), '(private key)');
	t.is(quote(encodeURIComponent(KEY)), '(private key)');
	t.is(quote('credentials: {AKID: secret}'), '"credentials:…"');
	t.is(quote('{"credentials":{"AKID":"secret"}}'), '"{\\"credentials\\":…"');
	t.is(quote('credentials-service'), '"credentials-service"');
	t.is(quote('my-private-key'), '"my-private-key"');
});
