import test from 'ava';
import {Reading} from '../../../src/control-plane/fields.ts';
import {OUTSCALE_ACTIONS} from '../../../src/control-plane/outscale/dialect.ts';
import {JSON_FORMAT} from '../../../src/control-plane/outscale/json-format.ts';
import type {RefusalCode} from '../../../src/model/refusal.ts';
import {startWithApi} from '../../helpers/emulator-scene.ts';
import {InMemoryOutscaleApi} from '../../helpers/in-memory-outscale.ts';
import {newLoadBalancer} from '../../helpers/outscale-api.ts';
import {pem} from '../../helpers/project-certs.ts';

// What a request of 4 MiB may hold. A test that fails here takes minutes, or the memory of the machine.

async function someAccount(): Promise<InMemoryOutscaleApi> {
	const made = new InMemoryOutscaleApi();
	await made.ok('CreateLoadBalancer', newLoadBalancer('web'));
	return made;
}

test('a name that is given 9,000 times is one load balancer', async t => {
	const cloud = await someAccount();
	const LoadBalancerNames = Array(9000).fill('web');
	const Tags = Array.from({length: 1000}, (_, index) => ({Key: `key-${index}`, Value: 'v'}));

	await cloud.ok('CreateLoadBalancerTags', {LoadBalancerNames, Tags});
	t.is((await cloud.ok('ReadLoadBalancerTags', {LoadBalancerNames}))['Tags'].length, 1000);

	await cloud.ok('DeleteLoadBalancerTags', {LoadBalancerNames, Tags: Tags.map(({Key}) => ({Key}))});
	t.deepEqual((await cloud.ok('ReadLoadBalancerTags', {LoadBalancerNames}))['Tags'], []);
});

test('5,000 VMs are registered and taken away, and calls between cost what they touch', async t => {
	const {emulator, api} = await startWithApi(t);
	await api.ok('CreateLoadBalancer', newLoadBalancer('web'));
	const ids = Array.from({length: 5000}, (_, index) => `i-${index.toString(16).padStart(8, '0')}`);
	const [first = '', ...others] = ids;
	const LoadBalancerName = 'web';

	await api.ok('LinkLoadBalancerBackendMachines', {LoadBalancerName, BackendVmIds: [...ids, ...ids]});
	await api.ok('UnlinkLoadBalancerBackendMachines', {LoadBalancerName, BackendVmIds: [first, first]});
	await api.ok('LinkLoadBalancerBackendMachines', {LoadBalancerName, BackendVmIds: [first]});
	t.is(emulator.get('web').backends.length, 5000);
	await api.ok('UnlinkLoadBalancerBackendMachines', {LoadBalancerName, BackendVmIds: others});

	t.deepEqual(
		emulator.get('web').backends.map(({name}) => name),
		[first],
	);
});

/** Requests of lists that nobody writes by hand, each below the bound of a body; the refusal names what there is too much of. */
const TOO_MUCH: readonly (readonly [action: string, body: string, what: RegExp])[] = [
	['CreateLoadBalancer', listOf('Listeners', 200_000, '{}'), /more than 10000 objects$/],
	['CreateLoadBalancer', listOf('Listeners', 1_300_000, '{}'), /more than 10000 objects$/],
	['CreateLoadBalancer', listOf('Listeners', 1_300_000, '[]'), /more than 10000 items$/],
	['CreateLoadBalancer', listOf('Subnets', 300_000, '"subnet"'), /more than 10000 items$/],
	['CreateLoadBalancer', listOf('Tags', 60_000, '{"Key":"a","Value":"b"}'), /more than 10000 (keys|objects)$/],
	['CreateLoadBalancerTags', listOf('Tags', 60_000, '{}'), /more than 10000 objects$/],
	['CreateLoadBalancerListeners', listOf('Listeners', 60_000, '{}'), /more than 10000 objects$/],
	['DeleteLoadBalancerListeners', listOf('LoadBalancerPorts', 1_000_000, '80'), /more than 10000 items$/],
	['LinkLoadBalancerBackendMachines', listOf('BackendVmIds', 250_000, '"i-0000000a"'), /more than 10000 items$/],
	['ReadLoadBalancers', `{"Filters":${listOf('LoadBalancerNames', 250_000, '"a*"')}}`, /more than 10000 items$/],
	['CreateListenerRule', listOf('VmIds', 250_000, '"i-0000000a"'), /more than 10000 items$/],
];

function listOf(name: string, count: number, item: string): string {
	return `{"${name}":[${`${item},`.repeat(count - 1)}${item}]}`;
}

for (const [action, body, what] of TOO_MUCH) {
	test(`${action} with ${body.slice(0, 20)}… of ${body.length} bytes is refused before anything is built`, async t => {
		const cloud = await someAccount();

		const {answer, call: logged} = await cloud.call(action, body);

		t.is(answer.status, 400);
		const {Errors: errors} = JSON.parse(answer.body);
		t.is(errors[0].Code, '4045');
		t.regex(errors[0].Details, what);
		t.true(answer.body.length < 500);
		t.true(JSON.stringify(logged).length < 500);
	});
}

test('the largest request that is taken is read once, and costs what it holds', async t => {
	const stepsFor = (count: number) => {
		let steps = 0;
		const counting = <Value extends object>(value: Value): Value =>
			new Proxy(value, {
				get(target, key, receiver) {
					steps++;
					return Reflect.get(target, key, receiver);
				},
				ownKeys(target) {
					steps++;
					return Reflect.ownKeys(target);
				},
			});
		const body = {Listeners: counting(Array.from({length: count}, () => counting({})))};
		const reading = new Reading(JSON_FORMAT);
		reading.object(new Map(Object.entries(body)), '', fields =>
			OUTSCALE_ACTIONS.get('CreateLoadBalancer')?.prepare(fields, cloud.store),
		);
		t.throws(() => reading.finish(), {code: 'MISSING_PARAMETER'});
		return steps;
	};
	const cloud = await someAccount();

	const [once, twice] = [stepsFor(2000), stepsFor(4000)];

	t.true(once >= 2000);
	t.true(twice <= 2.1 * once, `${once} steps for 2,000 listeners, ${twice} for 4,000`);
});

test('of a hundred thousand faults of a request one is put into words', t => {
	const reading = new Reading(JSON_FORMAT);
	const told: string[] = [];
	const refuse = (code: RefusalCode, count: number) => {
		for (let index = 0; index < count; index++) {
			reading.refuse(code, () => {
				told.push(code);
				return `fault ${index}`;
			});
		}
	};
	refuse('BAD_VALUE', 100_000);
	refuse('WRONG_TYPE', 100_000);
	refuse('UNKNOWN_PARAMETER', 100_000);
	refuse('MISSING_PARAMETER', 100_000);

	t.deepEqual(told, ['BAD_VALUE', 'WRONG_TYPE', 'UNKNOWN_PARAMETER']);
	t.throws(() => reading.finish(), {code: 'UNKNOWN_PARAMETER', message: 'fault 0'});
});

const LINES = '\n'.repeat(1_900_000);
const BLOCK = '-----BEGIN NOTHING-----\nAAAA\n-----END NOTHING-----\n';
const BAD_PEM = {
	'one block of empty lines': [`-----BEGIN CERTIFICATE-----${LINES}-----END CERTIFICATE-----`, /line 1 is empty$/],
	'60,000 blocks': [BLOCK.repeat(60_000), /holds no certificate but "NOTHING"$/],
	'2,000 certificates': [pem('web.test.crt').repeat(2000), /^Body holds 2000 certificates; allowed are at most 100$/],
} as const;

for (const [title, [Body, details]] of Object.entries(BAD_PEM)) {
	test(`PEM text of 4 MiB is judged in one pass: ${title}`, async t => {
		const {api} = await startWithApi(t);

		const {status, body} = await api.send('CreateServerCertificate', {
			Name: 'web',
			Body,
			PrivateKey: pem('web.test.key'),
		});

		t.is(status, 400);
		t.regex(JSON.parse(body).Errors[0].Details, details);
	});
}

test('a body that is too large is refused in the form of the cloud', async t => {
	const {api} = await startWithApi(t);

	const {status, body} = await api.send('CreateServerCertificate', {Body: 'x'.repeat(10 * 1024 * 1024)});

	t.is(status, 413);
	const {Errors, ResponseContext} = JSON.parse(body);
	t.like(Errors[0], {
		Code: '4045',
		Type: 'InvalidParameterValue',
		Details: 'the body is too large; allowed are 4194304 bytes',
	});
	t.regex(ResponseContext.RequestId, /^[0-9a-f-]{36}$/);
});

test('what is kept of a call is bounded, whatever its fields are called', async t => {
	const {emulator, api} = await startWithApi(t);
	const names = Array.from({length: 900}, (_, index) => `${index}-${'x'.repeat(400)}`);
	const Filters = Object.fromEntries(['-----BEGIN PRIVATE KEY-----', ...names].map(name => [name, []]));

	await api.ok('ReadVms', {Filters});

	const unread = emulator.calls.at(-1)?.unread ?? [];
	t.is(unread.length, 50);
	t.true(unread.every(path => path.length <= 101));
	t.true(unread.includes('(private key)'));
	t.notRegex(JSON.stringify(emulator.calls), /BEGIN/);
});
