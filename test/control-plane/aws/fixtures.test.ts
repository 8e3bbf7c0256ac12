import test from 'ava';
import {servedActions} from '../../../src/control-plane/aws/actions.ts';
import {ApiFixtures, actionOf, endOf} from '../../helpers/api-fixtures.ts';
import {readXml} from '../../helpers/aws-xml.ts';
import {InMemoryAwsApi, type InMemoryAwsOptions} from '../../helpers/in-memory-aws.ts';
import {pem} from '../../helpers/project-certs.ts';

const fixtures = new ApiFixtures<InMemoryAwsOptions>('aws');

for (const name of fixtures.names) {
	test(`${name} is answered as its fixture says`, async t => {
		const {source, status, given = [], options: {healthy = [], ...options} = {}} = fixtures.caseOf(name);
		const api = new InMemoryAwsApi(options);
		for (const backend of healthy) api.store.healthy.add(backend);
		for (const before of given) {
			const {answer} = await api.send(requestOf(before));
			t.is(answer.status, 200, answer.body);
		}
		const account = api.store.account;
		const calls = api.store.calls.length;

		const {answer, call} = await api.send(requestOf(name));

		t.is(withoutChance(answer.body), fixtures.read(name, 'response.xml'));
		t.is(answer.status, status);
		t.notThrows(() => readXml(answer.body));
		t.like(answer.headers, [['Content-Type', 'text/xml']]);
		t.is(call.status, status);
		t.true(source.length > 10, 'a fixture says where it comes from');
		if (status === 200) return;
		t.deepEqual(api.store.account, account, 'a refused call changes nothing');
		t.is(api.store.calls.length, calls);
	});
}

test('every action has fixtures', t => {
	const shown = new Set(fixtures.names.map(actionOf));
	t.deepEqual(
		[...servedActions(undefined).keys()].filter(action => !shown.has(action)),
		[],
	);
});

/** One parameter in each line, as it is on the wire. */
function requestOf(name: string): string {
	return fixtures
		.read(name, 'request.txt')
		.trim()
		.split('\n')
		.join('&')
		.replaceAll(/\{\{(.*?)\}\}/g, (_, file) => encodeURIComponent(pem(file)));
}

/** What is another in each run, or with each set of certificates, in the words of the fixtures. */
function withoutChance(body: string): string {
	let text = body.replaceAll(
		/<RequestId>[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}</g,
		'<RequestId>{{uuid}}<',
	);
	for (const file of ['web.test.crt', 'rsa.web.test.crt', 'authority.pem']) {
		const end = endOf(file).toISOString();
		text = text.replaceAll(`<Expiration>${end}<`, `<Expiration>{{notAfter ${file}}}<`);
		text = text.replaceAll(pem(file), `{{${file}}}`).replaceAll(pem(file).trim(), `{{${file} trimmed}}`);
	}
	return text;
}
