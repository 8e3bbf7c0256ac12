import {readdirSync, readFileSync} from 'node:fs';
import test from 'ava';
import {LBU_ERRORS, type QueryError, queryErrorOf} from '../../../src/control-plane/aws/wire-errors.ts';
import {Refusal, type RefusalCode} from '../../../src/model/refusal.ts';

const ROOT = new URL('../../../', import.meta.url);
const CODES: readonly (readonly [string, QueryError])[] = Object.entries(LBU_ERRORS);

test('docs/errors.md lists every refusal with its answers in the ELB and IAM APIs', t => {
	const text = readFileSync(new URL('docs/errors.md', ROOT), 'utf8');
	const documented = [
		...text.matchAll(/^\| `([A-Z_]+)` \| `(\d{3} [\w.]+)` \| (?:`(\d{3} [\w.]+)`|the same) \|$/gm),
	].map(([, name, lbu, aws]) => [name, lbu, aws ?? lbu]);
	const answerOf = (name: string, cloud: 'lbu' | 'aws') => {
		// An id of a VM stands for all ids: their codes have its name in them.
		const {status, code} = queryErrorOf(new Refusal(name as RefusalCode, 'no', 'x', 'i'), cloud);
		return `${status} ${code}`;
	};

	t.deepEqual(
		documented,
		CODES.map(([name]) => [name, answerOf(name, 'lbu'), answerOf(name, 'aws')]),
	);
});

test('a sentence of the cloud repeats what was given, and never a key', t => {
	const message = (subject: string) =>
		queryErrorOf(new Refusal('NO_SUCH_LOAD_BALANCER', 'no such load balancer', subject), 'lbu').message;

	t.is(message('x'), "There is no ACTIVE Load Balancer named 'x'");
	t.is(message('-----BEGIN PRIVATE KEY-----'), "There is no ACTIVE Load Balancer named '(private key)'");
	t.true(message('x'.repeat(100_000)).length < 3000);
});

test('every action has cases of success, and the APIs have 60 and more of errors', t => {
	const folder = new URL('fixtures/aws/', ROOT);
	const statuses = new Map<string, number[]>();
	for (const file of readdirSync(folder, {recursive: true, encoding: 'utf8'})) {
		if (!file.endsWith('case.json')) continue;
		const {status} = JSON.parse(readFileSync(new URL(file, folder), 'utf8'));
		const action = file.split(/[/\\]/)[0] ?? '';
		statuses.set(action, [...(statuses.get(action) ?? []), status]);
	}
	const without = [...statuses].filter(([, all]) => !all.includes(200)).map(([action]) => action);

	t.deepEqual(without, []);
	t.is(statuses.size, 34);
	t.true([...statuses.values()].flat().filter(status => status >= 400).length >= 60);
});
