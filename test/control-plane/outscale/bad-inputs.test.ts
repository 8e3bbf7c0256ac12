import test from 'ava';
import {InMemoryOutscaleApi} from '../../helpers/in-memory-outscale.ts';
import {newLoadBalancer} from '../../helpers/outscale-api.ts';
import {pem} from '../../helpers/project-certs.ts';
import {BAD_INPUTS} from './bad-inputs.ts';

/** What stands between the lines of each key in `certs/`: none of it may come back. */
const SECRETS = ['web.test.key', 'shop.test.key', 'rsa.web.test.key'].flatMap(file =>
	pem(file)
		.split('\n')
		.filter(line => line.length > 20 && !line.startsWith('-----')),
);

async function someAccount(): Promise<InMemoryOutscaleApi> {
	const api = new InMemoryOutscaleApi();
	await api.ok('CreateLoadBalancer', newLoadBalancer('web'));
	await api.ok('LinkLoadBalancerBackendMachines', {LoadBalancerName: 'web', BackendVmIds: ['i-12345678']});
	return api;
}

test('there are a hundred bad inputs and more', t => {
	t.true(BAD_INPUTS.length >= 100, `${BAD_INPUTS.length}`);
});

for (const {what, action, body, refused} of BAD_INPUTS.filter(each => each.refused !== '200')) {
	test(`${what} is refused in the cloud's form, and changes nothing`, async t => {
		const api = await someAccount();
		const account = api.store.account;
		const calls = [...api.store.calls];

		const {answer, call} = await api.call(action, body);

		const {Errors: errors, ResponseContext: context} = JSON.parse(answer.body);
		t.is(`${answer.status} ${errors[0].Code}`, refused);
		t.deepEqual(Object.keys(errors[0]), ['Code', 'Details', 'Type']);
		t.regex(context.RequestId, /^[0-9a-f-]{36}$/);
		t.deepEqual(api.store.account, account);
		t.deepEqual(api.store.calls, calls);
		t.true(answer.body.length < 1000, 'no answer repeats all that was sent');
		t.notRegex(answer.body, / at .*:\d+:\d+|node:/, 'no stack');
		for (const secret of SECRETS) t.false(JSON.stringify([answer, call]).includes(secret), 'a key came back');
	});
}

for (const {what, action, body} of BAD_INPUTS.filter(each => each.refused === '200')) {
	test(`${what} is taken: it only looks bad`, async t => {
		const api = await someAccount();
		t.is((await api.call(action, body)).answer.status, 200);
	});
}
