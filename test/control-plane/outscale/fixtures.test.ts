import test from 'ava';
import {OUTSCALE_ACTIONS} from '../../../src/control-plane/outscale/dialect.ts';
import {ApiFixtures, actionOf, endOf} from '../../helpers/api-fixtures.ts';
import {InMemoryOutscaleApi, type InMemoryOutscaleOptions} from '../../helpers/in-memory-outscale.ts';
import {pem} from '../../helpers/project-certs.ts';

const fixtures = new ApiFixtures<InMemoryOutscaleOptions>('outscale');

for (const name of fixtures.names) {
	test(`${name} is answered as its fixture says`, async t => {
		const {source, status, given = [], options: {healthy = [], ...options} = {}} = fixtures.caseOf(name);
		const api = new InMemoryOutscaleApi(options);
		for (const backend of healthy) api.store.healthy.add(backend);
		for (const before of given) await api.ok(actionOf(before), requestOf(before));
		const account = api.store.account;
		const calls = api.store.calls.length;

		const {answer, call} = await api.call(actionOf(name), requestOf(name));

		t.is(answer.status, status);
		t.is(withoutChance(answer.body), JSON.stringify(JSON.parse(fixtures.read(name, 'response.json'))));
		t.deepEqual(answer.headers, [['Content-Type', 'application/json']]);
		t.is(call.status, status);
		t.true(source.length > 10, 'a fixture says where it comes from');
		if (status === 200) return;
		t.deepEqual(api.store.account, account, 'a refused call changes nothing');
		t.is(api.store.calls.length, calls);
	});
}

test('every action has fixtures, and every fixture an action or a refusal', t => {
	const shown = new Set(fixtures.names.map(actionOf));
	t.deepEqual(
		[...OUTSCALE_ACTIONS.keys()].filter(action => !shown.has(action)),
		[],
	);
	t.is(OUTSCALE_ACTIONS.size, 30);
});

function requestOf(name: string): string {
	return fixtures
		.read(name, 'request.json')
		.replaceAll(/\{\{(.*?)\}\}/g, (_, file) => JSON.stringify(pem(file)).slice(1, -1));
}

/** What is another in each run, or with each set of certificates, in the words of the fixtures. */
function withoutChance(body: string): string {
	let text = body.replaceAll(
		/"RequestId":"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"/g,
		'"RequestId":"{{uuid}}"',
	);
	for (const file of ['web.test.crt', 'rsa.web.test.crt']) {
		const end = endOf(file).toISOString().replace('.000', '');
		text = text.replaceAll(`"ExpirationDate":"${end}"`, `"ExpirationDate":"{{notAfter ${file}}}"`);
	}
	return text;
}
