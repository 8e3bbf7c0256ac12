import test from 'ava';
import type {Fault, FaultKind, FaultRule, RESETS, TLS_FAULTS} from '../../../src/model/fault.ts';
import type {Outcome} from '../../../src/observability/exchange.ts';
import {type FaultScene, PROTOCOLS, type Protocol, startFaultScene} from '../../helpers/fault-scene.ts';
import {eventually} from '../../helpers/patience.ts';

type Name =
	| Exclude<FaultKind, 'reset' | 'tls' | 'throttle'>
	| 'reset'
	| `reset ${(typeof RESETS)[number]}`
	| `tls ${(typeof TLS_FAULTS)[number]}`;

/** Every fault of a load balancer; `throttle` is of the cloud's API alone. The compiler asks for the kinds. */
const FAULTS: Record<Name, Fault> = {
	latency: {latency: '200ms'},
	bandwidth: {bandwidth: 10_000},
	slice: {slice: 10, delay: '1ms'},
	limit: {limit: 6},
	slowClose: {slowClose: '200ms'},
	reset: {reset: true},
	'reset after-request': {reset: 'after-request'},
	'reset mid-response': {reset: 'mid-response'},
	'reset on-reuse': {reset: 'on-reuse'},
	close: {close: true},
	refuse: {refuse: true},
	blackhole: {blackhole: true},
	status: {status: 503, body: 'later'},
	garbage: {garbage: 10},
	truncate: {truncate: 3},
	contentLength: {contentLength: 3},
	'tls stall': {tls: 'stall'},
	'tls alert': {tls: 'alert'},
	'tls truncate': {tls: 'truncate'},
	'tls wrong-certificate': {tls: 'wrong-certificate'},
};
// Its keys are those of the type above.
const NAMES = Object.keys(FAULTS) as Name[];

type Place = 'listener' | 'backend';
const PLACES: readonly Place[] = ['listener', 'backend'];

/** What each side sees of one fault. */
interface Seen {
	/** Whether the client sees it only after the clock has been moved. */
	readonly isLate: boolean;
	/** See `Visitor.ask()`. */
	readonly client: string;
	/** See `FaultScene.atBackend`. */
	readonly backend: readonly string[];
	readonly outcome: Outcome;
}

const TABLE = new Map<string, Seen>();

const keyOf = (name: Name, place: Place, protocol: Protocol) => `${name} at a ${place}: ${protocol}`;

/** @param client begins with `late ` where the clock has to be moved for it. */
function row(protocols: string, client: string, outcome: Outcome, ...backend: string[]) {
	const isLate = client.startsWith('late ');
	return {protocols, seen: {isLate, client: client.replace(/^late /, ''), outcome, backend}};
}

function at(place: Place, name: Name, ...rows: ReturnType<typeof row>[]): void {
	for (const {protocols, seen} of rows) {
		for (const protocol of protocols.split(' ')) TABLE.set(keyOf(name, place, protocol as Protocol), seen);
	}
}

const STREAMS = 'tcp ssl re-encrypted passthrough';

at('listener', 'latency', row('http https', 'late 200 hello', 'ok', '/hello open'));
at('listener', 'latency', row(STREAMS, 'late hello world', 'ok', 'hello world end'));
at('listener', 'bandwidth', row('http https', 'late 200 hello', 'ok', '/hello open'));
at('listener', 'bandwidth', row(STREAMS, 'late hello world', 'ok', 'hello world end'));
at('listener', 'slice', row('http https', 'late 200 hello', 'ok', '/hello open'));
at('listener', 'slice', row(STREAMS, 'late hello world', 'ok', 'hello world end'));
at('listener', 'slowClose', row('http https', 'late 200 hello', 'ok', '/hello open'));
at('listener', 'slowClose', row('tcp ssl re-encrypted', 'late hello world', 'ok', 'hello world end'));
// TLS that passes unread ends with a close_notify, which is data: only the end of the connection below comes late.
at('listener', 'slowClose', row('passthrough', 'hello world', 'ok', 'hello world end'));
at(
	'listener',
	'limit',
	row('http https', 'no HTTP… end', 'fault', '/hello reset'),
	row('tcp', 'hello … end', 'fault', 'hello world end'),
	// Bytes are counted as on the wire, where there are those of the handshake first.
	row('ssl re-encrypted', 'no handshake', 'fault'),
	row('passthrough', 'no handshake', 'fault', 'no handshake'),
);
at(
	'listener',
	'reset',
	row('http https', 'reset', 'fault'),
	row('tcp', 'reset', 'fault'),
	row('ssl re-encrypted passthrough', 'no handshake', 'fault'),
);
at('listener', 'reset after-request', row('http', 'reset', 'fault', '/hello open'));
at('listener', 'reset after-request', row('https', 'reset', 'fault', '/hello reset'));
at('listener', 'reset mid-response', row('http', '200 hel… reset', 'fault', '/hello open'));
at('listener', 'reset mid-response', row('https', '200 hel… reset', 'fault', '/hello reset'));
at('listener', 'reset on-reuse', row('http https', 'reset', 'fault', '/hello open'));
at(
	'listener',
	'close',
	row('http https tcp', 'end', 'fault'),
	row('ssl re-encrypted passthrough', 'no handshake', 'fault'),
);
at(
	'listener',
	'blackhole',
	row('http https', 'late end', 'fault'),
	row('tcp', 'late end', 'fault', 'end'),
	row('ssl re-encrypted', 'late no handshake', 'fault'),
	row('passthrough', 'late no handshake', 'fault', 'no handshake'),
);
at('listener', 'status', row('http https', '503 later', 'fault'));
at('listener', 'garbage', row('http https', 'no HTTP… end', 'fault'));
at('listener', 'truncate', row('http', '200 hel… end', 'fault', '/hello open'));
at('listener', 'truncate', row('https', '200 hel… end', 'fault', '/hello reset'));
at('listener', 'contentLength', row('http https', '200 hel', 'fault', '/hello open'));
at('listener', 'tls stall', row('https ssl re-encrypted', 'late no handshake', 'fault'));
at('listener', 'tls alert', row('https ssl re-encrypted', 'no handshake', 'fault'));
at('listener', 'tls truncate', row('https', '200 hel… end', 'fault', '/hello reset'));
at('listener', 'tls truncate', row('ssl re-encrypted', 'hello … end', 'fault', 'hello world end'));
at('listener', 'tls wrong-certificate', row('https ssl re-encrypted', 'no handshake', 'fault'));

at('backend', 'latency', row('http https', 'late 200 hello', 'ok', '/hello end'));
at('backend', 'latency', row(STREAMS, 'late hello world', 'ok', 'hello world end'));
at('backend', 'bandwidth', row('http https', 'late 200 hello', 'ok', '/hello end'));
at('backend', 'bandwidth', row(STREAMS, 'late hello world', 'ok', 'hello world end'));
at('backend', 'slice', row('http https', 'late 200 hello', 'ok', '/hello end'));
at('backend', 'slice', row(STREAMS, 'late hello world', 'ok', 'hello world end'));
// An exchange ends with its answer: the connection of the back-end is ended then, late or not.
at('backend', 'slowClose', row('http https', '200 hello', 'ok', '/hello end'));
at('backend', 'slowClose', row('tcp ssl re-encrypted', 'late hello world', 'ok', 'hello world end'));
at('backend', 'slowClose', row('passthrough', 'hello world', 'ok', 'hello world end'));
at(
	'backend',
	'limit',
	row('http', '502 502 Bad Gateway', 'backend-reset', '/hello end'),
	row('https', '502 502 Bad Gateway', 'backend-reset', 'no handshake'),
	row('tcp ssl', 'hello … end', 'fault', 'hello world end'),
	row('re-encrypted', 'reset', 'backend-reset', 'no handshake'),
	row('passthrough', 'no handshake', 'fault', 'no handshake'),
);
at(
	'backend',
	'reset',
	row('http', '502 502 Bad Gateway', 'backend-reset', 'reset'),
	row('https', '503 503 Service Unavailable', 'backend-reset', 'no handshake'),
	row('tcp ssl', 'reset', 'backend-reset', 'reset'),
	row('re-encrypted', 'reset', 'backend-reset', 'no handshake'),
	row('passthrough', 'no handshake', 'backend-reset', 'no handshake'),
);
at('backend', 'reset after-request', row('http https', '502 502 Bad Gateway', 'backend-reset', '/hello reset'));
at('backend', 'reset mid-response', row('http https', '200 hel… reset', 'backend-reset', '/hello reset'));
at('backend', 'reset on-reuse', row('http https', '200 hello', 'ok', '/hello reset', '/hello open'));
at(
	'backend',
	'close',
	row('http', '502 502 Bad Gateway', 'backend-reset', 'end'),
	row('https', '502 502 Bad Gateway', 'backend-reset', 'no handshake'),
	row('tcp ssl', 'end', 'fault', 'end'),
	row('re-encrypted', 'reset', 'backend-reset', 'no handshake'),
	row('passthrough', 'no handshake', 'fault', 'no handshake'),
);
at(
	'backend',
	'refuse',
	row('http https', '503 503 Service Unavailable', 'connect-refused'),
	row('tcp ssl re-encrypted', 'reset', 'connect-refused'),
	row('passthrough', 'no handshake', 'connect-refused'),
);
at(
	'backend',
	'blackhole',
	row('http https', 'late 504 504 Gateway Timeout', 'connect-timeout'),
	row('tcp ssl re-encrypted', 'late reset', 'connect-timeout'),
	row('passthrough', 'late no handshake', 'connect-timeout'),
);
at('backend', 'status', row('http https', '503 later', 'fault'));
at('backend', 'garbage', row('http https', '502 502 Bad Gateway', 'backend-invalid'));
at('backend', 'truncate', row('http https', '200 hel… reset', 'backend-reset', '/hello end'));
at('backend', 'contentLength', row('http https', '200 hel', 'fault', '/hello end'));
at('backend', 'tls stall', row('https', 'late 504 504 Gateway Timeout', 'connect-timeout', 'no handshake'));
at('backend', 'tls stall', row('re-encrypted', 'late reset', 'connect-timeout', 'no handshake'));
at('backend', 'tls alert', row('https', '502 502 Bad Gateway', 'backend-tls', 'no handshake'));
at('backend', 'tls alert', row('re-encrypted', 'reset', 'backend-tls', 'no handshake'));
at('backend', 'tls truncate', row('https', '502 502 Bad Gateway', 'backend-reset', '/hello end'));
at('backend', 'tls truncate', row('re-encrypted', 'hello … end', 'backend-reset', 'hello world end'));
at('backend', 'tls wrong-certificate', row('https', '502 502 Bad Gateway', 'backend-tls', 'no handshake'));
at('backend', 'tls wrong-certificate', row('re-encrypted', 'reset', 'backend-tls', 'no handshake'));

const isHttp = (protocol: Protocol) => protocol === 'http' || protocol === 'https';

/** What ends by a timeout, of 10 s or an hour; what is merely late is so by a fraction of a second. */
const stepFor = (name: Name) => (name === 'blackhole' || name === 'tls stall' ? '10m' : '5ms');

const fires = test.macro<[name: Name, place: Place, protocol: Protocol, expected: Seen]>({
	async exec(t, name, place, protocol, expected) {
		await using scene = await startFaultScene(protocol);
		const {lb} = scene;
		const visitor = scene.visitor();
		if (name === 'reset on-reuse') await visitor.ask();
		{
			using armed = lb.inject({...ruleOf(name, place, scene), times: 1});

			const asked = visitor.ask(name === 'slowClose' ? 'close' : 'stay');
			if (expected.isLate) {
				await eventually(() => armed.hits === 1 && (name !== 'slowClose' || visitor.isAnswered), 'the hit');
				t.true((await scene.visitor().ask()).includes('hello'), 'the next one is not hit');
				t.true(visitor.isWaiting, 'it is late');
				await eventually(async () => {
					await lb.clock.advance(stepFor(name));
					return !visitor.isWaiting;
				}, 'the end of the wait');
			}

			t.is(await asked, expected.client);
			t.is(armed.hits, 1);
			const exchange = () => [...lb.traffic].find(({fault}) => fault !== undefined);
			await eventually(async () => {
				// Where the client has seen the end of TLS already, that of the connection is still to come.
				if (name === 'slowClose') await lb.clock.advance('5ms');
				return exchange()?.outcome === expected.outcome;
			}, `outcome ${expected.outcome}`);
			t.is(exchange()?.fault, armed.text);
			await eventually(
				() => scene.atBackend.length >= expected.backend.length && isSeen(expected, scene.atBackend),
				`${expected.backend.join(', ')} at the back-end`,
			).catch(error => t.fail(`${error}: ${scene.atBackend.join(', ')}`));
		}
		t.deepEqual(lb.faults, []);
		t.is(await scene.visitor().ask(), isHttp(protocol) ? '200 hello' : 'hello world', 'nothing is wrong any more');
		t.is(lb.traffic.last().fault, undefined);
	},
	title: (_, name, place, protocol) => keyOf(name, place, protocol),
});

function isSeen({isLate, backend}: Seen, seen: readonly string[]): boolean {
	// Another one has passed what has come late.
	if (isLate) return backend.every(expected => seen.includes(expected));
	return seen.length === backend.length && backend.every((expected, index) => expected === seen[index]);
}

function ruleOf(name: Name, place: Place, scene: FaultScene): FaultRule {
	return {on: place === 'listener' ? 'listener:80' : `backend:${scene.backendName}`, do: FAULTS[name]};
}

// The keys are those of the object.
for (const protocol of Object.keys(PROTOCOLS) as Protocol[]) {
	for (const place of PLACES) {
		const never = NAMES.filter(name => !TABLE.has(keyOf(name, place, protocol)));
		for (const name of NAMES) {
			const expected = TABLE.get(keyOf(name, place, protocol));
			if (expected !== undefined) test(fires, name, place, protocol, expected);
		}
		test(`${protocol}: every other fault at a ${place} is refused with the reason, and nothing is armed`, async t => {
			await using scene = await startFaultScene(protocol);

			for (const name of never) {
				t.throws(() => scene.lb.inject(ruleOf(name, place, scene)), {code: 'INVALID_DESCRIPTION'}, name);
			}

			t.deepEqual(scene.lb.faults, []);
		});
	}
}
