import {readdirSync, readFileSync} from 'node:fs';
import test from 'ava';
import {errorOf, WIRE_ERRORS, type WireError} from '../../../src/control-plane/outscale/wire-errors.ts';
import {Refusal} from '../../../src/model/refusal.ts';

const ROOT = new URL('../../../', import.meta.url);
const CODES: readonly (readonly [string, WireError])[] = Object.entries(WIRE_ERRORS);

test('docs/errors.md lists every refusal with its status, type and code', t => {
	const [text = ''] = readFileSync(new URL('docs/errors.md', ROOT), 'utf8').split(
		'\n# Refusals in the ELB and IAM APIs',
	);
	const documented = [...text.matchAll(/^\| `([A-Z_]+)` \| (.*?)(?: \(\*guess\*\))? \| /gm)].map(([, name, answer]) => [
		name,
		answer,
	]);

	t.deepEqual(
		documented,
		CODES.map(([name, {status, type, code}]) => [name, `${status} ${type} ${code}`]),
	);
});

/** What a fixture cannot bring about: it takes credentials, quotas, a bug, or a machine that refuses. */
const WITHOUT_FIXTURE = [
	...['ACCESS_KEY_UNKNOWN', 'NOT_SIGNED', 'REQUEST_EARLY', 'REQUEST_EXPIRED', 'SIGNATURE_MALFORMED'],
	...['SIGNATURE_MISMATCH', 'SIGNING_DATE_MISSING', 'SIGNING_DATE_UNREADABLE'],
	...['ACCESS_DENIED', 'BAD_LOG_PREFIX', 'BAD_RULE_NAME', 'BUG', 'DATA_PLANE_REFUSED', 'MALFORMED_ID', 'NO_SUCH_IP'],
	...['PORT_UNAVAILABLE', 'TOO_MANY_CERTIFICATES', 'TOO_MANY_LISTENERS', 'TOO_MANY_LOAD_BALANCERS', 'TOO_MANY_RULES'],
	...['TOO_MANY_TAGS', 'UNREADABLE_BODY'],
];

test('every code of the table is shown by a fixture, or there is a reason why not', t => {
	const folder = new URL('fixtures/outscale/', ROOT);
	const shown = new Set<string>();
	for (const file of readdirSync(folder, {recursive: true, encoding: 'utf8'})) {
		if (!file.endsWith('response.json')) continue;
		for (const {Code: code} of JSON.parse(readFileSync(new URL(file, folder), 'utf8')).Errors ?? []) shown.add(code);
	}
	const missing = CODES.filter(([, {code}]) => !shown.has(code)).map(([name]) => name);

	t.deepEqual(
		missing.filter(name => !WITHOUT_FIXTURE.includes(name)),
		[],
	);
});

test('a sentence of the cloud repeats what was given, and never a key', t => {
	const details = (subject: string) =>
		errorOf(new Refusal('NO_SUCH_LOAD_BALANCER', 'no such load balancer', subject)).details;

	t.is(details('x'), "The LoadBalancer 'x' doesn't exist.");
	t.is(details('-----BEGIN PRIVATE KEY-----'), "The LoadBalancer '(private key)' doesn't exist.");
	t.is(details('a\u001b[31m\n\u202eb'), "The LoadBalancer 'a\u{fffd}[31m\u{fffd}\u{fffd}b' doesn't exist.");
	t.is(details('x'.repeat(5000)).length, 290);
});
