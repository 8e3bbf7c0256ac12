import test, {type ExecutionContext} from 'ava';
import {API_ACTIONS} from '../../src/control-plane/action-names.ts';
import {ApiFaults} from '../../src/control-plane/api-faults.ts';
import {servedActions} from '../../src/control-plane/aws/actions.ts';
import {OUTSCALE_ACTIONS} from '../../src/control-plane/outscale/dialect.ts';
import {readApiFaultRule} from '../../src/emulator/api-fault-rule.ts';
import type {Emulator, FaultEvent, FaultRule} from '../../src/index.ts';
import {readXml} from '../helpers/aws-xml.ts';
import {startWithApi} from '../helpers/emulator-scene.ts';
import {HandClock} from '../helpers/hand-clock.ts';
import {eventually, within} from '../helpers/patience.ts';
import {asAwsSdk, asPythonSdk} from './helpers/cloud-signers.ts';

/** One call of the ELB API: its status, and what an error says. */
async function query(emulator: Emulator, action: string) {
	const response = await fetch(`${emulator.endpoint}/`, {method: 'POST', body: new URLSearchParams({Action: action})});
	const {value} = readXml(await response.text());
	const {status, headers} = response;
	return value.Error === undefined ? {status, headers} : {status, headers, ...value.Error};
}

/** One call of the OUTSCALE API. */
async function call(emulator: Emulator, action: string) {
	const response = await fetch(`${emulator.endpoint}/api/v1/${action}`, {method: 'POST', body: '{}'});
	const body = await response.json();
	return {status: response.status, headers: response.headers, error: (body as {Errors?: object[]}).Errors?.[0]};
}

const start = async (t: ExecutionContext, options: Parameters<typeof startWithApi>[1] = {}) =>
	(await startWithApi(t, options)).emulator;

test('the names of actions are those of the APIs', t => {
	t.deepEqual(
		[...API_ACTIONS].sort(),
		[...new Set([...OUTSCALE_ACTIONS.keys(), ...servedActions(undefined).keys()])].sort(),
	);
});

test('a throttled call is refused as each cloud says it, so often, and then carried out', async t => {
	const emulator = await start(t);
	const fault = emulator.inject({on: 'api', do: {throttle: true}, times: 2});

	const outscale = await call(emulator, 'ReadLoadBalancers');
	t.is(outscale.status, 429);
	t.deepEqual(outscale.error, {
		Code: '24',
		Details: 'Request rate exceeded.',
		Type: 'ErrorOperationThrottledPerAccount',
	});
	const lbu = await query(emulator, 'DescribeLoadBalancers');
	t.deepEqual([lbu.status, lbu.Type, lbu.Code, lbu.Message], [503, 'Receiver', 'Throttling', 'Request rate exceeded.']);
	t.is(fault.hits, 2);
	t.is((await call(emulator, 'ReadLoadBalancers')).status, 200);
	t.is((await query(emulator, 'DescribeLoadBalancers')).status, 200);
	t.is(fault.hits, 2);
});

test('AWS throttles with 400', async t => {
	const emulator = await start(t, {config: {control: {dialect: 'aws'}}});
	emulator.inject({on: 'api', do: {throttle: true}});

	const {status, Type, Code, Message} = await query(emulator, 'DescribeLoadBalancers');

	t.deepEqual([status, Type, Code, Message], [400, 'Sender', 'Throttling', 'Rate exceeded']);
});

test('a status has its usual error, unless a code and a sentence are given', async t => {
	const emulator = await start(t);
	const errors: [FaultRule['do'], string, string][] = [
		[{status: 503}, '6 ErrorOperationThrottledWholePlatform Request rate exceeded.', 'ServiceUnavailable'],
		[{status: 500}, '2000 InternalError ', 'InternalFailure'],
		[{status: 403}, '1 AccessDenied ', 'AccessDenied'],
		[{status: 418}, '4047 InvalidParameterValue ', 'ValidationError'],
		[{status: 400, code: '5030', body: 'gone'}, '5030 InvalidResource gone', '5030'],
		[{status: 409, code: 'DuplicateListener'}, 'DuplicateListener ResourceConflict ', 'DuplicateListener'],
	];
	for (const [fault, json, code] of errors) {
		const armed = emulator.inject({on: 'api', do: fault});
		const {status, error} = await call(emulator, 'ReadLoadBalancers');
		const {Code, Type, Details} = error as Record<string, string>;
		t.is(`${Code} ${Type} ${Details}`, json);
		const xml = await query(emulator, 'DescribeLoadBalancers');
		t.is(xml.Code, code);
		t.deepEqual(
			[status, xml.status],
			[armed.rule.do, armed.rule.do].map(each => ('status' in each ? each.status : 0)),
		);
		armed.remove();
	}
});

const ACCESS_KEY = 'AKIDEXAMPLE';
const SECRET_KEY = 'mysecretkey';

/** How a call says whose it is. */
type Signing = 'right' | 'wrong' | 'unsigned';

/** One call to an emulator that verifies signatures: its status, and the code of an error. */
async function signedCall(emulator: Emulator, api: 'oapi' | 'elb', signing: Signing): Promise<string> {
	const isOutscale = api === 'oapi';
	const {path, headers, body} = (isOutscale ? asPythonSdk : asAwsSdk)({
		action: isOutscale ? 'ReadLoadBalancers' : 'DescribeLoadBalancers',
		host: new URL(emulator.endpoint).host,
		date: new Date().toISOString().replaceAll(/[-:]|\.\d+/g, ''),
		accessKey: ACCESS_KEY,
		secretKey: signing === 'wrong' ? 'another' : SECRET_KEY,
		body: isOutscale ? '{}' : 'Action=DescribeLoadBalancers&Version=2012-06-01',
	});
	const {Host: _, Authorization, ...rest} = headers;
	const sent = signing === 'unsigned' || Authorization === undefined ? rest : {...rest, Authorization};
	const response = await fetch(`${emulator.endpoint}${path}`, {method: 'POST', headers: sent, body});
	const text = await response.text();
	const error = isOutscale ? JSON.parse(text).Errors?.[0] : readXml(text).value.Error;
	return `${response.status} ${error?.Code ?? 'done'}`;
}

const withCredentials = (t: ExecutionContext, {dialect}: {dialect?: 'aws'} = {}) =>
	start(t, {config: {control: {credentials: {[ACCESS_KEY]: SECRET_KEY}, ...(dialect && {dialect})}}});

// What is sent, and what is answered to [who signs right, who signs wrong, who does not sign] in each API.
const DENIED = {oapi: ['401 1', '401 1'], elb: ['403 SignatureDoesNotMatch', '401 AuthFailure']} as const;
const OF_THE_ACCOUNT: readonly [FaultRule['do'], oapi: string, elb: string][] = [
	[{throttle: true}, '429 24', '503 Throttling'],
	[{status: 429}, '429 24', '429 Throttling'],
	[{status: 400, code: 'Throttling'}, '400 Throttling', '400 Throttling'],
	[{status: 503, code: 'Throttling'}, '503 Throttling', '503 Throttling'],
	[{status: 503, code: 'RequestLimitExceeded'}, '503 RequestLimitExceeded', '503 RequestLimitExceeded'],
	[{status: 400, code: '5030'}, '400 5030', '400 5030'],
	[{status: 403}, '403 1', '403 AccessDenied'],
	[{status: 499}, '499 4047', '499 ValidationError'],
];
for (const [fault, oapi, elb] of OF_THE_ACCOUNT) {
	test(`${JSON.stringify(fault)} hits, and counts, only calls whose sender is known`, async t => {
		const emulator = await withCredentials(t);
		const armed = emulator.inject({on: 'api', do: fault, times: 2});

		for (const api of ['oapi', 'elb'] as const) {
			t.is(await signedCall(emulator, api, 'wrong'), DENIED[api][0]);
			t.is(await signedCall(emulator, api, 'unsigned'), DENIED[api][1]);
		}
		t.is(armed.hits, 0);
		t.deepEqual([...new Set(emulator.calls.map(call => call.fault))], [undefined]);
		t.is(await signedCall(emulator, 'oapi', 'right'), oapi);
		t.is(await signedCall(emulator, 'elb', 'right'), elb);
		t.is(armed.hits, 2);
		t.is(await signedCall(emulator, 'oapi', 'right'), '200 done');
		t.is(await signedCall(emulator, 'elb', 'right'), '200 done');
	});
}

const OF_THE_PLATFORM: readonly [FaultRule['do'], oapi: string, elb: string][] = [
	[{status: 500}, '500 2000', '500 InternalFailure'],
	[{status: 503}, '503 6', '503 ServiceUnavailable'],
	[{status: 504, code: 'Down'}, '504 Down', '504 Down'],
];
for (const [fault, oapi, elb] of OF_THE_PLATFORM) {
	test(`${JSON.stringify(fault)} hits every call, whoever sends it`, async t => {
		const emulator = await withCredentials(t);
		const armed = emulator.inject({on: 'api', do: fault});

		for (const signing of ['right', 'wrong', 'unsigned'] as const) {
			t.is(await signedCall(emulator, 'oapi', signing), oapi);
			t.is(await signedCall(emulator, 'elb', signing), elb);
		}
		t.is(armed.hits, 6);
	});
}

test('a latency hits every call, and who is refused is refused after it', async t => {
	const emulator = await withCredentials(t);
	const latency = emulator.inject({on: 'api', do: {latency: '1ms'}});
	const throttle = emulator.inject({on: 'api', do: {throttle: true}});

	for (const api of ['oapi', 'elb'] as const) {
		t.is(await signedCall(emulator, api, 'wrong'), DENIED[api][0]);
		t.is(await signedCall(emulator, api, 'unsigned'), DENIED[api][1]);
	}
	t.is(await signedCall(emulator, 'oapi', 'right'), '429 24');

	t.deepEqual([latency.hits, throttle.hits], [5, 1]);
	t.deepEqual(
		emulator.calls.map(({fault}) => fault),
		[...Array(4).fill('api latency:1ms'), 'api latency:1ms; api throttle'],
	);
});

test('AWS throttles who has signed, and tells others that they have not', async t => {
	const emulator = await withCredentials(t, {dialect: 'aws'});
	const fault = emulator.inject({on: 'api', do: {throttle: true}});

	t.is(await signedCall(emulator, 'elb', 'unsigned'), '403 MissingAuthenticationToken');
	t.is(await signedCall(emulator, 'elb', 'wrong'), '403 SignatureDoesNotMatch');
	t.is(fault.hits, 0);
	t.is(await signedCall(emulator, 'elb', 'right'), '400 Throttling');
	t.is(fault.hits, 1);
});

test('a fault that skips calls does not count those that are refused for their signature', async t => {
	const emulator = await withCredentials(t);
	const fault = emulator.inject({on: 'api', do: {throttle: true}, skip: 1, every: 2});

	const answers: string[] = [];
	for (const signing of ['unsigned', 'right', 'wrong', 'right', 'unsigned', 'right', 'right'] as const) {
		answers.push(await signedCall(emulator, 'oapi', signing));
	}

	t.deepEqual(answers, ['401 1', '200 done', '401 1', '429 24', '401 1', '200 done', '429 24']);
	t.is(fault.hits, 2);
});

test('who sends a call is asked only where a fault depends on it', t => {
	let asked = 0;
	const call = {
		action: () => 'ReadLoadBalancers',
		isAuthentic: () => {
			asked++;
			return true;
		},
	};
	const faults = new ApiFaults({clock: new HandClock(), seed: 1, onChange() {}});
	const arm = (rule: FaultRule) => faults.arm(readApiFaultRule(rule), rule);
	faults.meet(call);
	arm({on: 'api', do: {latency: '1s'}});
	arm({on: 'api', do: {status: 503}});
	arm({on: 'api', do: {throttle: true}, operation: 'CreateLoadBalancer'});
	faults.meet(call);
	t.is(asked, 0);

	arm({on: 'api', do: {throttle: true}});
	t.is(faults.meet(call)?.text, 'api latency:1s; api status:503; api throttle');
	t.is(asked, 1);
	faults.close();
});

test('header fields of a fault come along, but for those of the form itself', async t => {
	const emulator = await start(t);
	emulator.inject({on: 'api', do: {status: 503, headers: {'Retry-After': '1', 'content-type': 'text/plain'}}});

	const {headers} = await call(emulator, 'ReadLoadBalancers');
	const xml = await query(emulator, 'DescribeLoadBalancers');

	t.deepEqual([headers.get('retry-after'), headers.get('content-type')], ['1', 'application/json']);
	t.deepEqual([xml.headers.get('retry-after'), xml.headers.get('content-type')], ['1', 'text/xml']);
});

test('only the calls of one operation are hit, after those that are skipped, each so many-th', async t => {
	const emulator = await start(t);
	const fault = emulator.inject({on: 'api', do: {status: 500}, operation: 'Read*', skip: 1, every: 2, times: 2});

	const statuses: number[] = [];
	for (let i = 0; i < 7; i++) statuses.push((await call(emulator, 'ReadLoadBalancers')).status);

	t.deepEqual(statuses, [200, 500, 200, 500, 200, 200, 200]);
	t.is((await query(emulator, 'DescribeLoadBalancers')).status, 200);
	t.is(fault.hits, 2);
	t.is(fault.text, 'api status:500 operation:Read* skip:1 times:2 every:2');
});

test('a call that a fault answers changes nothing, and the log of calls says which one fired', async t => {
	const emulator = await start(t);
	const fault = emulator.inject({on: 'api', do: {throttle: true}, operation: 'CreateLoadBalancer', times: 1});
	const send = () =>
		fetch(`${emulator.endpoint}/api/v1/CreateLoadBalancer`, {
			method: 'POST',
			body: JSON.stringify({
				LoadBalancerName: 'web',
				SubregionNames: ['eu-west-2a'],
				Listeners: [{LoadBalancerPort: 80, LoadBalancerProtocol: 'HTTP', BackendPort: 80}],
			}),
		});

	t.is((await send()).status, 429);
	t.deepEqual(emulator.loadBalancers, []);
	t.is((await send()).status, 200);

	const logged = emulator.calls.map(({action, status, fault: fired}) => ({action, status, fired}));
	t.deepEqual(logged, [
		{action: 'CreateLoadBalancer', status: 429, fired: fault.text},
		{action: 'CreateLoadBalancer', status: 200, fired: undefined},
	]);
	t.deepEqual(emulator.calls[0]?.error, {code: '24', details: 'Request rate exceeded.'});
});

test('a latency goes by the clock of the emulator, and the call is carried out after it', async t => {
	const emulator = await start(t, {clock: 'manual'});
	const fault = emulator.inject({on: 'api', do: {latency: '30s'}, times: 1});
	let isAnswered = false;
	const answer = call(emulator, 'ReadLoadBalancers').then(answered => {
		isAnswered = true;
		return answered;
	});
	await eventually(() => fault.hits === 1);

	// Meanwhile other calls are answered.
	t.is((await call(emulator, 'ReadLoadBalancers')).status, 200);
	await emulator.clock.advance('29s');
	t.is((await call(emulator, 'ReadLoadBalancers')).status, 200);
	t.false(isAnswered);
	await emulator.clock.advance('1s');

	t.is((await within('answer', answer)).status, 200);
	t.is(emulator.calls.at(-1)?.fault, 'api latency:30s times:1');
});

test('a latency and an error hit the same call; what is removed lets go of what it held back', async t => {
	const emulator = await start(t, {clock: 'manual'});
	const latency = emulator.inject({on: 'api', do: {latency: '30s'}});
	emulator.inject({on: 'api', do: {status: 503}});
	const answer = call(emulator, 'ReadLoadBalancers');
	await eventually(() => latency.hits === 1);

	latency.remove();

	t.is((await within('answer', answer)).status, 503);
	t.is(emulator.calls.at(-1)?.fault, 'api latency:30s; api status:503');
});

test('a stop does not wait for what is held back', async t => {
	const emulator = await start(t, {clock: 'manual'});
	const fault = emulator.inject({on: 'api', do: {latency: '30s'}});
	const answer = call(emulator, 'ReadLoadBalancers').catch(() => 'cut');
	await eventually(() => fault.hits === 1);

	await within('end of the stop', emulator.stop());

	t.truthy(await within('answer', answer));
	t.deepEqual(emulator.faults, []);
	t.throws(() => emulator.inject({on: 'api', do: {throttle: true}}), {code: 'STOPPED'});
});

test('a fault is removed by hand, by `using`, or by a reset; a reload leaves it', async t => {
	const emulator = await start(t, {config: {}});
	const byHand = emulator.inject({on: 'api', do: {throttle: true}});
	{
		const scoped = emulator.inject({on: 'api', do: {throttle: true}});
		t.deepEqual(
			emulator.faults.map(({id}) => id),
			[1, 2],
		);
		scoped[Symbol.dispose]();
	}
	t.deepEqual(emulator.faults, [byHand]);
	await emulator.reload();
	t.is((await call(emulator, 'ReadLoadBalancers')).status, 429);
	byHand.remove();
	byHand.remove();
	t.is((await call(emulator, 'ReadLoadBalancers')).status, 200);

	const last = emulator.inject({on: 'api', do: {throttle: true}});
	t.is(last.id, 3);
	await emulator.reset();
	t.deepEqual(emulator.faults, []);
	t.is((await call(emulator, 'ReadLoadBalancers')).status, 200);
	t.is(last.hits, 0);
});

test('a scope has what was armed through it, and takes it back at its reset and its stop', async t => {
	const emulator = await start(t);
	const scope = emulator.scope('one-');
	const everybodys = emulator.inject({on: 'api', do: {throttle: true}, operation: 'ReadLoadBalancers'});
	const own = scope.inject({on: 'api', do: {throttle: true}, operation: 'ReadNets'});

	t.deepEqual(scope.faults, [own]);
	t.deepEqual(emulator.faults, [everybodys, own]);
	await scope.reset();
	t.deepEqual(emulator.faults, [everybodys]);
	scope.inject({on: 'api', do: {throttle: true}});
	await scope.stop();
	t.deepEqual(emulator.faults, [everybodys]);
});

test('a rule that is changed by its owner afterwards stays what it was', async t => {
	const emulator = await start(t);
	const rule = {on: 'api', do: {status: 500}} as const;
	const given = structuredClone(rule) as {on: 'api'; do: {status: number}};
	const fault = emulator.inject(given);
	given.do.status = 503;

	t.deepEqual(fault.rule, rule);
	t.is((await call(emulator, 'ReadLoadBalancers')).status, 500);
});

test('what can never fire for the API is refused with the reason, and nothing is armed', async t => {
	const emulator = await start(t);
	const refused = (rule: object) =>
		t.throws(() => emulator.inject(rule as FaultRule), {code: 'INVALID_DESCRIPTION'}).message;

	t.regex(
		refused({on: 'backend:a', do: {reset: true}}),
		/on: a fault of the emulator is "api": the cloud's API \(arm it with inject\(\) of the load balancer that has the back-end\)/,
	);
	t.regex(refused({on: 'listener:80', do: {reset: true}}), /that has the listener\)/);
	t.regex(
		refused({on: 'api', do: {reset: true}}),
		/"reset" does not go with "api"; allowed are latency, status and throttle/,
	);
	t.regex(
		refused({on: 'api', do: {status: 302}}),
		/do\.status: an error of the cloud's API has a status from 400 to 599, not 302/,
	);
	t.regex(
		refused({on: 'api', do: {throttle: true}, operation: 'CreateLoadBalancr'}),
		/operation: no action of .* is "CreateLoadBalancr", so it can never fire \(did you mean "CreateLoadBalancer"\?\)/,
	);
	t.regex(refused({on: 'api', do: {throttle: true}, operation: 'RunInstances*'}), /so it can never fire/);
	t.regex(refused({on: 'api'}), /do/);
	t.deepEqual(emulator.faults, []);
});

test('an event tells when a fault is armed, fires and is removed; many hits are told together', async t => {
	const emulator = await start(t);
	const events: FaultEvent[] = [];
	emulator.events.on('fault', event => events.push(event));

	const fault = emulator.inject({on: 'api', do: {throttle: true}});
	for (let i = 0; i < 20; i++) await call(emulator, 'ReadLoadBalancers');
	fault.remove();
	await eventually(() => events.at(-1)?.change === 'removed');

	const told = events.map(({change}) => change);
	t.is(told[0], 'armed');
	t.deepEqual(events[0], {change: 'armed', id: 1, text: 'api throttle', hits: 0});
	t.deepEqual(events.at(-2), {change: 'fired', id: 1, text: 'api throttle', hits: 20});
	t.deepEqual(events.at(-1), {change: 'removed', id: 1, text: 'api throttle', hits: 20});
	t.deepEqual([...new Set(told)], ['armed', 'fired', 'removed']);
});
