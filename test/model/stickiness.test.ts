import test from 'ava';
import fc from 'fast-check';
import {
	type AnswerCookie,
	BINDING_ID_LENGTH,
	cookieFor,
	type OwnCookie,
	type Session,
	type StickyTarget,
	sessionOf,
	UNBOUND,
} from '../../src/model/stickiness.ts';
import type {ApplicationPolicy, DurationPolicy} from '../../src/model/stickiness-policy.ts';

const NOW = Date.UTC(2026, 0, 1);
/** A binding came that had ended. */
const EXPIRED = {...UNBOUND, expired: true};
const DURATION: DurationPolicy = {kind: 'duration', cookie: 'AWSELB', seconds: 60};
const APPLICATION: ApplicationPolicy = {kind: 'application', cookie: 'SID', ownCookie: 'AWSELB'};

interface Target extends StickyTarget {
	readonly name: string;
	inService: boolean;
}

function target(name: string): Target {
	return {name, bindingId: name.repeat(BINDING_ID_LENGTH), inService: true};
}

function scene() {
	const [a, b] = [target('A'), target('B')];
	const targets = new Map([a, b].map(each => [each.bindingId, each]));
	const read = (own: readonly string[], nowMs = NOW) => sessionOf(DURATION, {own, application: []}, targets, nowMs);
	const readApplication = (own: readonly string[], application: readonly string[], nowMs = NOW) =>
		sessionOf(APPLICATION, {own, application}, targets, nowMs);
	return {a, b, targets, read, readApplication};
}

/** What the load balancer sets for a client whose first request went to this back-end. */
function issue(
	chosen: Target,
	{seconds = 60, nowMs = NOW}: {seconds?: number | undefined; nowMs?: number} = {},
): string {
	const policy = {...DURATION, seconds};
	return cookieFor(policy, {session: UNBOUND, chosen, answerCookies: [], nowMs})?.value ?? '';
}

function answerCookie(parts: Partial<AnswerCookie> = {}): AnswerCookie {
	return {name: 'SID', attributes: '; Path=/app', maxAgeMs: undefined, expiresMs: undefined, ...parts};
}

function afterAnswer(
	session: Session<Target>,
	chosen: Target,
	...answerCookies: AnswerCookie[]
): OwnCookie | undefined {
	return cookieFor(APPLICATION, {session, chosen, answerCookies, nowMs: NOW});
}

test('a request without the cookie is balanced, and its answer sets the cookie', t => {
	const {a, read} = scene();
	const session = read([]);

	t.deepEqual(session, UNBOUND);
	t.deepEqual(UNBOUND, {backend: undefined, endsMs: undefined, bound: undefined, expired: false});
	t.like(cookieFor(DURATION, {session, chosen: a, answerCookies: [], nowMs: NOW}), {
		name: 'AWSELB',
		maxAgeSeconds: 60,
		attributes: undefined,
	});
});

test('the cookie leads back to the back-end that answered, and is not set again', t => {
	const {a, b, read} = scene();

	for (const chosen of [a, b]) {
		const session = read([issue(chosen)], NOW + 59_999);
		t.is(session.backend, chosen);
		t.is(cookieFor(DURATION, {session, chosen, answerCookies: [], nowMs: NOW + 59_999}), undefined);
	}
});

test('a value is hexadecimal digits, as many as Classic ELB writes', t => {
	const {a} = scene();

	t.regex(issue(a), /^[0-9A-F]{138}$/);
	t.regex(issue(a, {seconds: 2_147_483_647}), /^[0-9A-F]{138}$/);
	t.regex(issue(a, {nowMs: NOW + 0.75}), /^[0-9A-F]{138}$/);
});

test('a cookie is not honoured after its time, to the millisecond, and is then set anew', t => {
	const {a, b, read} = scene();
	const value = issue(a);

	t.is(read([value], NOW + 59_999).backend, a);
	const late = read([value], NOW + 60_000);
	t.deepEqual(late, EXPIRED);
	t.not(cookieFor(DURATION, {session: late, chosen: b, answerCookies: [], nowMs: NOW + 60_000}), undefined);
});

for (const seconds of [undefined, 1]) {
	test(`a lifetime of ${seconds} lasts as long as the browser's session`, t => {
		const {a, read} = scene();
		const cookie = cookieFor({...DURATION, seconds}, {session: UNBOUND, chosen: a, answerCookies: [], nowMs: NOW});

		t.is(cookie?.maxAgeSeconds, undefined);
		t.is(read([cookie?.value ?? ''], NOW * 2).backend, a);
	});
}

test('a back-end out of service loses its client, which is bound to the one that answers', t => {
	const {a, b, read} = scene();
	const value = issue(a);
	a.inService = false;
	const session = read([value]);

	t.is(session.backend, undefined);
	const cookie = cookieFor(DURATION, {session, chosen: b, answerCookies: [], nowMs: NOW + 1});
	t.is(cookie?.maxAgeSeconds, 60);
	a.inService = true;
	t.is(read([cookie?.value ?? '']).backend, b);
});

test('a client whose back-end could not be reached is bound to the one that answered instead', t => {
	const {a, b, read} = scene();
	const cookie = cookieFor(DURATION, {session: read([issue(a)]), chosen: b, answerCookies: [], nowMs: NOW});

	t.is(read([cookie?.value ?? '']).backend, b);
});

test('a client of a back-end that is gone is balanced and bound anew', t => {
	const {b, read} = scene();
	const session = read([issue(target('C'))]);

	t.is(session.backend, undefined);
	t.not(cookieFor(DURATION, {session, chosen: b, answerCookies: [], nowMs: NOW}), undefined);
});

test('of several values the one that was issued last counts, in any order', t => {
	const {a, b, read} = scene();
	const values = [issue(a), issue(b, {nowMs: NOW + 1})];

	t.is(read(values, NOW + 2).backend, b);
	t.is(read([...values].reverse(), NOW + 2).backend, b);
	t.is(read([...values, issue(a, {nowMs: NOW - 60_000})], NOW + 2).backend, b);
	b.inService = false;
	t.is(read(values, NOW + 2).backend, undefined);
});

test("a value of another listener's does not hide one of this one's", t => {
	const {a, read} = scene();
	const foreign = issue(target('C'), {nowMs: NOW + 5});

	t.is(read([foreign, issue(a)], NOW + 6).backend, a);
	t.is(read([issue(a), foreign], NOW + 6).backend, a);
});

const FORGED: readonly (readonly [what: string, forge: (value: string) => string])[] = [
	['empty', () => ''],
	['an address', () => '127.0.0.1:8080'],
	['in lower case', value => value.toLowerCase()],
	['cut short', value => value.slice(1)],
	['too long', value => `${value}0`],
	['with a line end', value => `${value}\n`],
	['with a sign', value => `${value.slice(0, -8)}-0000001`],
	['a back-end by its name', () => '__proto__'],
	['64 KiB', () => 'A'.repeat(65_536)],
];

for (const [what, forge] of FORGED) {
	test(`a value that is ${what} binds nothing`, t => {
		const {a, read} = scene();

		t.deepEqual(read([forge(issue(a))]), UNBOUND);
		t.is(read([forge(issue(a)), issue(a)]).backend, a);
	});
}

test('no value that a client makes up reaches a back-end whose value it has not seen', t => {
	const {b, read} = scene();
	const digits = fc.string({unit: fc.constantFrom(...'0123456789ACDEF'), minLength: 138, maxLength: 138});
	fc.assert(fc.property(digits, value => t.not(read([value]).backend, b)));
});

test('a client keeps its back-end while it is in service, whatever happens in between', t => {
	const step = fc.record({
		afterMs: fc.nat(70_000),
		down: fc.constantFrom('A', 'B', 'none'),
		next: fc.constantFrom(0, 1),
	});
	fc.assert(
		fc.property(fc.array(step, {maxLength: 20}), steps => {
			const {a, b, read} = scene();
			let nowMs = NOW;
			let held: {value: string; target: Target; endsMs: number} | undefined;
			for (const {afterMs, down, next} of steps) {
				nowMs += afterMs;
				a.inService = down !== 'A';
				b.inService = down !== 'B';
				const session = read(held === undefined ? [] : [held.value], nowMs);
				const bound = held !== undefined && nowMs < held.endsMs && held.target.inService;
				t.is(session.backend, bound ? held?.target : undefined);
				const chosen = session.backend ?? [a, b].filter(({inService}) => inService).at(next) ?? (a.inService ? a : b);
				const cookie = cookieFor(DURATION, {session, chosen, answerCookies: [], nowMs});
				t.is(cookie === undefined, bound);
				if (cookie !== undefined) held = {value: cookie.value, target: chosen, endsMs: nowMs + 60_000};
			}
		}),
	);
});

test('an application policy sets its cookie only with one of the application, and with its attributes', t => {
	const {a} = scene();

	t.is(afterAnswer(UNBOUND, a), undefined);
	t.is(afterAnswer(UNBOUND, a, answerCookie({name: 'sid'}), answerCookie({name: 'AWSELB'})), undefined);
	t.like(afterAnswer(UNBOUND, a, answerCookie()), {name: 'AWSELB', attributes: '; Path=/app'});
});

test('an application session is bound while the request carries both cookies', t => {
	const {a, readApplication} = scene();
	const value = afterAnswer(UNBOUND, a, answerCookie())?.value ?? '';

	t.is(readApplication([value], ['1'], NOW * 2).backend, a);
	t.is(readApplication([value], [''], NOW).backend, a);
	t.deepEqual(readApplication([value], []), UNBOUND);
	t.deepEqual(readApplication([], ['1']), UNBOUND);
});

test("the own cookie's time is that of the application's cookie, Max-Age before Expires", t => {
	const {a, readApplication} = scene();
	const byAge = afterAnswer(UNBOUND, a, answerCookie({maxAgeMs: 5000, expiresMs: NOW + 9000}))?.value ?? '';
	const byDate = afterAnswer(UNBOUND, a, answerCookie({expiresMs: NOW + 9000}))?.value ?? '';

	t.is(readApplication([byAge], ['1'], NOW + 4999).backend, a);
	t.deepEqual(readApplication([byAge], ['1'], NOW + 5000), EXPIRED);
	t.is(readApplication([byDate], ['1'], NOW + 8999).backend, a);
	t.deepEqual(readApplication([byDate], ['1'], NOW + 9000), EXPIRED);
});

test('a Max-Age without bounds lasts as a session does', t => {
	const {a, readApplication} = scene();
	const value = afterAnswer(UNBOUND, a, answerCookie({maxAgeMs: Number.POSITIVE_INFINITY}))?.value ?? '';
	const long = afterAnswer(UNBOUND, a, answerCookie({maxAgeMs: 1e300}))?.value ?? '';

	t.is(readApplication([value], ['1'], NOW * 2).backend, a);
	t.regex(long, /^[0-9A-F]{138}$/);
});

const ENDINGS: readonly (readonly [what: string, cookie: AnswerCookie])[] = [
	['Max-Age=0', answerCookie({maxAgeMs: 0})],
	['a negative Max-Age', answerCookie({maxAgeMs: -5000, expiresMs: NOW + 9000})],
	['Expires in the past', answerCookie({expiresMs: NOW - 1})],
	['Expires at this very moment', answerCookie({expiresMs: NOW})],
];

for (const [what, cookie] of ENDINGS) {
	test(`an application that ends its cookie by ${what} binds nobody`, t => {
		const {a, b, readApplication} = scene();
		const session = readApplication([afterAnswer(UNBOUND, a, answerCookie())?.value ?? ''], ['1']);

		t.is(session.backend, a);
		t.is(afterAnswer(UNBOUND, a, cookie), undefined);
		t.is(afterAnswer(session, a, cookie), undefined);
		t.is(afterAnswer(session, b, cookie), undefined);
	});
}

test('of several cookies of the application in one answer the last counts', t => {
	const {a} = scene();
	const ending = answerCookie({maxAgeMs: 0});

	t.is(afterAnswer(UNBOUND, a, answerCookie(), ending), undefined);
	t.not(afterAnswer(UNBOUND, a, ending, answerCookie()), undefined);
});

test('a cookie of the application that ends in a semicolon is not seen', t => {
	const {a} = scene();

	t.is(afterAnswer(UNBOUND, a, answerCookie({attributes: '; Path=/;'})), undefined);
	t.is(afterAnswer(UNBOUND, a, answerCookie({attributes: ';'})), undefined);
});

test('an application that sets its cookie again renews the binding, to the same back-end too', t => {
	const {a, readApplication} = scene();
	const session = readApplication([afterAnswer(UNBOUND, a, answerCookie())?.value ?? ''], ['1']);

	t.is(afterAnswer(session, a), undefined);
	t.like(afterAnswer(session, a, answerCookie({attributes: '; Max-Age=5', maxAgeMs: 5000})), {
		attributes: '; Max-Age=5',
	});
});

test('an application session whose back-end is out of service or gone goes on elsewhere for the rest of its time', t => {
	const {a, b, readApplication} = scene();
	for (const lost of [a, target('C')]) {
		const value = afterAnswer(UNBOUND, lost, answerCookie({maxAgeMs: 60_000}))?.value ?? '';
		a.inService = false;
		const session = readApplication([value], ['1'], NOW + 20_500);
		const cookie = cookieFor(APPLICATION, {session, chosen: b, answerCookies: [], nowMs: NOW + 20_500});
		a.inService = true;

		t.is(session.backend, undefined);
		t.like(cookie, {name: 'AWSELB', maxAgeSeconds: 40, attributes: undefined});
		t.is(readApplication([cookie?.value ?? ''], ['1'], NOW + 60_000).backend, b);
		t.deepEqual(readApplication([cookie?.value ?? ''], ['1'], NOW + 60_500), EXPIRED);
	}
});

test('a session of the browser that goes on elsewhere stays one', t => {
	const {a, b, readApplication} = scene();
	const value = afterAnswer(UNBOUND, a, answerCookie())?.value ?? '';
	a.inService = false;
	const cookie = afterAnswer(readApplication([value], ['1']), b);

	t.is(cookie?.maxAgeSeconds, undefined);
	t.is(readApplication([cookie?.value ?? ''], ['1'], NOW * 2).backend, b);
});

test('a session whose time is up when the answer comes is not carried on', t => {
	const {a, b, readApplication} = scene();
	const value = afterAnswer(UNBOUND, a, answerCookie({maxAgeMs: 5000}))?.value ?? '';
	a.inService = false;
	const session = readApplication([value], ['1']);

	t.is(cookieFor(APPLICATION, {session, chosen: b, answerCookies: [], nowMs: NOW + 5000}), undefined);
});
