import test from 'ava';
import {
	type DurationPolicy,
	lifetimeOf,
	ownCookieOf,
	type StickinessPolicy,
	violationsOfStickiness,
} from '../../src/model/stickiness-policy.ts';

const duration: DurationPolicy = {kind: 'duration', cookie: 'AWSELB', seconds: 60};
const application: StickinessPolicy = {kind: 'application', cookie: 'JSESSIONID', ownCookie: 'AWSELB'};

test('the own cookie of either policy is the one the load balancer sets', t => {
	t.is(ownCookieOf({...duration, cookie: 'LB'}), 'LB');
	t.is(ownCookieOf(application), 'AWSELB');
});

test('one second and nothing stand for the session of the browser', t => {
	t.is(lifetimeOf({...duration, seconds: undefined}), undefined);
	t.is(lifetimeOf({...duration, seconds: 1}), undefined);
	t.is(lifetimeOf({...duration, seconds: 2}), 2);
});

test('one sound policy on http or https breaks no rule', t => {
	t.deepEqual(violationsOfStickiness([duration], 'http'), []);
	t.deepEqual(violationsOfStickiness([application], 'https'), []);
	t.deepEqual(violationsOfStickiness([], 'tcp'), []);
	t.deepEqual(violationsOfStickiness([{...duration, seconds: undefined, cookie: 'a'.repeat(255)}], 'http'), []);
	t.deepEqual(violationsOfStickiness([{...application, cookie: "!#$%&'*+-.^_`|~0Az"}], 'http'), []);
});

for (const protocol of ['tcp', 'ssl'] as const) {
	test(`stickiness is refused on ${protocol}`, t => {
		t.deepEqual(violationsOfStickiness([duration], protocol), [
			{
				path: [],
				message: `stickiness goes with http and https only, not with ${protocol}`,
				hint: 'cookies are read where requests are, and connections of tcp and ssl are passed on as they are',
			},
		]);
	});
}

test('a second policy on a listener is refused', t => {
	t.deepEqual(violationsOfStickiness([duration, application], 'http'), [
		{path: [], message: 'a listener has one stickiness policy, and this one has 2'},
	]);
});

for (const seconds of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2_147_483_648]) {
	test(`a lifetime of ${seconds} seconds is refused`, t => {
		t.deepEqual(violationsOfStickiness([{...duration, seconds}], 'http'), [
			{
				path: [0, 'seconds'],
				message: `${seconds} is not a lifetime; allowed are whole seconds from 1 to 2147483647`,
				hint: "leave it away, or write 1, for the browser's session",
			},
		]);
	});
}

for (const cookie of ['', 'a b', 'a=b', 'a;b', 'a\r\nSet-Cookie: x', 'é', '"a"', 'a,b']) {
	test(`${JSON.stringify(cookie)} is refused as the name of a cookie`, t => {
		const message = `${JSON.stringify(cookie)} is not a cookie's name; allowed are letters, digits and ! # $ % & ' * + - . ^ _ \` | ~`;

		t.deepEqual(violationsOfStickiness([{...duration, cookie}], 'http'), [{path: [0, 'cookie'], message}]);
		t.deepEqual(violationsOfStickiness([{...application, ownCookie: cookie}], 'http'), [
			{path: [0, 'ownCookie'], message},
		]);
	});
}

test('a name of more than 255 characters is refused without repeating it', t => {
	t.deepEqual(violationsOfStickiness([{...application, cookie: 'a'.repeat(256)}], 'http'), [
		{path: [0, 'cookie'], message: "a cookie's name has 1 to 255 characters, and this one has 256"},
	]);
});

test('the cookie of the application cannot be that of the load balancer', t => {
	t.deepEqual(violationsOfStickiness([{...application, cookie: 'AWSELB'}], 'http'), [
		{
			path: [0, 'cookie'],
			message: '"AWSELB" is the load balancer\'s own cookie, not the application\'s',
			hint: 'give the name of the cookie that the application sets',
		},
	]);
});

test('all faults of all policies are told at once', t => {
	const policies: StickinessPolicy[] = [
		{kind: 'duration', cookie: '', seconds: 0},
		{kind: 'application', cookie: ' ', ownCookie: ' '},
	];

	t.deepEqual(
		violationsOfStickiness(policies, 'ssl').map(({path}) => path),
		[[], [], [0, 'cookie'], [0, 'seconds'], [1, 'cookie'], [1, 'ownCookie'], [1, 'cookie']],
	);
});
