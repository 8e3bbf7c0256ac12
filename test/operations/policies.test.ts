import {createPublicKey} from 'node:crypto';
import test from 'ava';
import type {Account} from '../../src/model/account.ts';
import type {AccountLoadBalancer} from '../../src/model/account-load-balancer.ts';
import {backendRulesOf} from '../../src/model/policy.ts';
import {POLICY_TYPES, type PolicyTypeName} from '../../src/model/policy-types.ts';
import type {Operate} from '../../src/operations/context.ts';
import {setBackendPolicies, setListenerPolicies} from '../../src/operations/enabled-policies.ts';
import {removeListeners} from '../../src/operations/listeners.ts';
import {createPolicy, createStickiness, deletePolicy} from '../../src/operations/policies.ts';
import {updateLoadBalancer} from '../../src/operations/update-load-balancer.ts';
import {accountListener, accountLoadBalancer, accountWith, CONTEXT} from '../helpers/accounts.ts';
import {pem} from '../helpers/project-certs.ts';

/** Object keys are the names of types. */
const TYPES = Object.keys(POLICY_TYPES) as PolicyTypeName[];
const KEY = createPublicKey(pem('rsa.web.test.crt')).export({type: 'spki', format: 'der'}).toString('base64');

const certificate = (keyType: string) => ({
	id: 'CERT',
	name: 'cert',
	path: '/',
	body: 'cert',
	chain: undefined,
	tags: new Map(),
	uploadedMs: 0,
	configuredAs: undefined,
	broughtBy: undefined,
	pair: {cert: keyType, key: 'key'},
	facts: {names: [], notAfter: new Date(0), fingerprint256: '', keyType},
	warnings: [],
	issued: false,
});

const START = accountWith(
	[
		accountLoadBalancer({
			listeners: [
				accountListener(80),
				accountListener(443, {protocol: 'https', backendProtocol: 'https', backendPort: 8443, certificateId: 'CERT'}),
				accountListener(25, {protocol: 'tcp', backendProtocol: 'tcp', backendPort: 2525}),
			],
		}),
	],
	{certificates: new Map([['CERT', certificate('rsa')]])},
);

function webOf({loadBalancers}: Account): AccountLoadBalancer {
	const web = loadBalancers.get('web');
	if (web === undefined) throw new Error('web is gone');
	return web;
}

/** The account after these, one after the other. */
function after(...operations: readonly Operate<unknown>[]): Account {
	return operations.reduce((account, operation) => operation(account, CONTEXT).account, START);
}

type Attributes = Readonly<Record<string, string>>;

function creating(name: string, type: string, attributes: Attributes | readonly (readonly [string, string])[] = {}) {
	const pairs = Array.isArray(attributes) ? attributes : Object.entries(attributes);
	return createPolicy({
		loadBalancer: 'web',
		name,
		maxNameLength: 255,
		repetition: 'refused',
		type,
		types: TYPES,
		attributes: pairs.map(([attribute, value]) => ({name: attribute, value})),
		proxyProtocol: 'required',
	});
}

const onListener = (port: number, ...names: string[]) => setListenerPolicies({loadBalancer: 'web', port, names});
const onBackends = (backendPort: number, ...names: string[]) =>
	setBackendPolicies({loadBalancer: 'web', backendPort, names});
const deleting = (name: string, unknown: 'refused' | 'ignored' = 'refused') =>
	deletePolicy({loadBalancer: 'web', name, unknown});

const app = creating('app', 'AppCookieStickinessPolicyType', {CookieName: 'session'});
const duration = creating('duration', 'LBCookieStickinessPolicyType', {CookieExpirationPeriod: '60'});
const proxy = creating('proxy', 'ProxyProtocolPolicyType', {ProxyProtocol: 'true'});
const key = creating('key', 'PublicKeyPolicyType', {PublicKey: KEY});
const auth = creating('auth', 'BackendServerAuthenticationPolicyType', {PublicKeyPolicyName: 'key'});
const tls = creating('tls', 'SSLNegotiationPolicyType', {'Reference-Security-Policy': 'ELBSecurityPolicy-2016-08'});

test('a policy of each type says what its attributes say', t => {
	const {policies} = webOf(after(app, duration, proxy, key, auth));

	t.deepEqual(policies, [
		{
			name: 'app',
			kind: 'stickiness',
			stickiness: {kind: 'application', cookie: 'session', ownCookie: 'AWSELB'},
		},
		{name: 'duration', kind: 'stickiness', stickiness: {kind: 'duration', cookie: 'AWSELB', seconds: 60}},
		{name: 'proxy', kind: 'proxy-protocol', sendsLine: true},
		{name: 'key', kind: 'public-key', text: KEY, spki: KEY},
		{name: 'auth', kind: 'backend-authentication', publicKeys: ['key']},
	]);
});

test('0 and nothing are the session of the browser', t => {
	const none = creating('a', 'LBCookieStickinessPolicyType');
	const zero = creating('b', 'LBCookieStickinessPolicyType', {CookieExpirationPeriod: '0'});

	for (const policy of webOf(after(none, zero)).policies) {
		t.like(policy, {stickiness: {kind: 'duration', seconds: undefined}});
	}
});

test('SSL negotiation offers what is named, ciphers in the order of AWS', t => {
	const policy = creating('own', 'SSLNegotiationPolicyType', {
		'Protocol-TLSv1.2': 'true',
		'Protocol-TLSv1.1': 'false',
		'AES128-SHA': 'True',
		'ECDHE-RSA-AES128-GCM-SHA256': 'true',
		'AES256-SHA': 'false',
		'Server-Defined-Cipher-Order': 'true',
	});

	t.deepEqual(webOf(after(policy)).policies, [
		{
			name: 'own',
			kind: 'negotiation',
			reference: undefined,
			negotiation: {
				protocols: ['TLSv1.2'],
				ciphers: ['ECDHE-RSA-AES128-GCM-SHA256', 'AES128-SHA'],
				serverOrder: true,
			},
		},
	]);
});

test('attributes beside a reference change what it says', t => {
	const policy = creating('own', 'SSLNegotiationPolicyType', {
		'Protocol-TLSv1': 'false',
		'Reference-Security-Policy': 'ELBSecurityPolicy-2016-08',
		'RC4-SHA': 'true',
		'Server-Defined-Cipher-Order': 'false',
	});

	const [made] = webOf(after(policy)).policies;
	t.like(made, {
		reference: 'ELBSecurityPolicy-2016-08',
		negotiation: {protocols: ['TLSv1.1', 'TLSv1.2'], serverOrder: false},
	});
	t.is(made?.kind === 'negotiation' ? made.negotiation.ciphers.at(-1) : '', 'RC4-SHA');
});

test('several keys are one policy each, and one policy of authentication takes them all', t => {
	const other = creating('other', 'PublicKeyPolicyType', {
		PublicKey: `-----BEGIN PUBLIC KEY-----\n${KEY}\n-----END PUBLIC KEY-----\n`,
	});
	const both = creating('both', 'BackendServerAuthenticationPolicyType', [
		['PublicKeyPolicyName', 'key'],
		['PublicKeyPolicyName', 'other'],
	]);
	const web = webOf(after(key, other, both, onBackends(8443, 'both')));
	const [, https] = web.listeners;

	t.deepEqual(https && backendRulesOf(https, web), {sendsProxyLine: false, publicKeys: [KEY, KEY]});
});

const NOTHING = 'SSLNegotiationPolicyType';
const REFUSED: readonly (readonly [string, Operate<unknown>, string, string])[] = [
	['a type that is none', creating('a', 'Foo'), 'BAD_POLICY_KIND', '"Foo" is not a type of policies'],
	['a name with a space', creating('a b', 'ProxyProtocolPolicyType'), 'BAD_POLICY_NAME', '"a b" is not a policy'],
	[
		'an unknown attribute',
		creating('a', NOTHING, {'AES-1': 'true'}),
		'BAD_POLICY_ATTRIBUTE',
		'"AES-1" is not an attribute of SSL',
	],
	['a list in place of a cipher', creating('a', NOTHING, {ALL: 'true'}), 'BAD_POLICY_ATTRIBUTE', '"ALL" is not'],
	[
		'a flag that is none',
		creating('a', NOTHING, {'RC4-SHA': 'yes'}),
		'BAD_POLICY_ATTRIBUTE',
		'RC4-SHA: "yes" is neither',
	],
	[
		'an unknown reference',
		creating('a', NOTHING, {'Reference-Security-Policy': 'ELBSecurityPolicy-2020-01'}),
		'BAD_POLICY_ATTRIBUTE',
		'Reference-Security-Policy: "ELBSecurityPolicy-2020-01" is not a predefined policy',
	],
	[
		'no cookie',
		creating('a', 'AppCookieStickinessPolicyType'),
		'BAD_POLICY_ATTRIBUTE',
		'needs the attribute CookieName',
	],
	['a bad cookie', creating('a', 'AppCookieStickinessPolicyType', {CookieName: 'a b'}), 'BAD_COOKIE_NAME', '"a b"'],
	[
		'a bad period',
		creating('a', 'LBCookieStickinessPolicyType', {CookieExpirationPeriod: '-1'}),
		'BAD_COOKIE_PERIOD',
		'"-1"',
	],
	['no flag', creating('a', 'ProxyProtocolPolicyType'), 'BAD_POLICY_ATTRIBUTE', 'needs the attribute ProxyProtocol'],
	[
		'a flag twice',
		creating('a', 'ProxyProtocolPolicyType', [
			['ProxyProtocol', 'true'],
			['ProxyProtocol', 'false'],
		]),
		'BAD_POLICY_ATTRIBUTE',
		'takes one ProxyProtocol, and several were given',
	],
	[
		'no key',
		creating('a', 'PublicKeyPolicyType', {PublicKey: 'AAAA'}),
		'BAD_POLICY_ATTRIBUTE',
		'PublicKey is not a public key',
	],
	[
		'no policy of a key',
		creating('a', 'BackendServerAuthenticationPolicyType'),
		'BAD_POLICY_ATTRIBUTE',
		'needs the attribute PublicKeyPolicyName',
	],
	[
		'a policy of a key that is not there',
		creating('a', 'BackendServerAuthenticationPolicyType', {PublicKeyPolicyName: 'b'}),
		'NO_SUCH_POLICY',
		'load balancer "web" has no policy "b"',
	],
	[
		'a policy of another kind as a key',
		creating('a', 'BackendServerAuthenticationPolicyType', {PublicKeyPolicyName: 'app'}),
		'BAD_POLICY_ATTRIBUTE',
		'PublicKeyPolicyName: "app" is not a policy of the type PublicKeyPolicyType',
	],
	[
		'a name that a policy of another kind has',
		creating('key', 'ProxyProtocolPolicyType', {ProxyProtocol: 'true'}),
		'POLICY_NAME_TAKEN',
		'load balancer "web" has a policy "key" already',
	],
	[
		'the name of a predefined policy',
		creating('ELBSecurityPolicy-2016-08', 'ProxyProtocolPolicyType', {ProxyProtocol: 'true'}),
		'POLICY_NAME_TAKEN',
		'AWS has a policy',
	],
	['a listener that is not there', onListener(81, 'nothing'), 'NO_SUCH_LISTENER', 'no listener on port 81'],
	['a policy that is not there', onListener(80, 'nothing'), 'NO_SUCH_POLICY', 'no policy "nothing"'],
	['stickiness on TCP', onListener(25, 'app'), 'POLICY_NEEDS_HTTP', 'the listener on port 25 is TCP'],
	['SSL negotiation on HTTP', onListener(80, 'tls'), 'POLICY_NEEDS_TLS', 'the listener on port 80 is HTTP'],
	[
		'the PROXY protocol on a listener',
		onListener(80, 'proxy'),
		'POLICY_MISPLACED',
		'policy "proxy" cannot be enabled on a listener',
	],
	['a key on a listener', onListener(443, 'key'), 'POLICY_MISPLACED', 'policy "key" cannot be enabled'],
	['two policies of stickiness', onListener(80, 'app', 'duration'), 'SEVERAL_POLICIES', 'one stickiness policy'],
	[
		'two of SSL negotiation',
		onListener(443, 'tls', 'ELBSecurityPolicy-2015-05'),
		'SEVERAL_NEGOTIATION_POLICIES',
		'"ELBSecurityPolicy-2015-05" would be another',
	],
	[
		'a back-end port that no listener has',
		onBackends(1, 'proxy'),
		'NO_LISTENER_ON_BACKEND_PORT',
		'has the back-end port 1',
	],
	['an unknown policy of a back-end port', onBackends(80, 'nothing'), 'NO_SUCH_POLICY', 'no policy "nothing"'],
	[
		'a key on a back-end port',
		onBackends(8443, 'key'),
		'POLICY_MISPLACED',
		'policy "key" cannot be enabled on a back-end port',
	],
	['stickiness on a back-end port', onBackends(80, 'app'), 'POLICY_MISPLACED', 'it is one of stickiness'],
	[
		'authentication without TLS',
		onBackends(80, 'auth'),
		'POLICY_NEEDS_TLS',
		'needs HTTPS or SSL towards the back-ends',
	],
	['a policy to delete that is not there', deleting('nothing'), 'NO_SUCH_POLICY', 'no policy "nothing"'],
	['a key to delete that a policy names', deleting('key'), 'POLICY_ENABLED', 'enabled on the policy "auth"'],
];
for (const [what, operation, code, message] of REFUSED) {
	test(`refused: ${what}`, t => {
		const account = after(app, duration, proxy, key, auth, tls);

		const error = t.throws(() => operation(account, CONTEXT), {code});

		t.true(error?.message.includes(message), error?.message);
	});
}

test('the same policy again is refused, or accepted where the cloud does', t => {
	const again = (repetition: 'refused' | 'accepted', seconds: number) =>
		createStickiness({
			loadBalancer: 'web',
			name: 's',
			maxNameLength: 32,
			repetition,
			kind: 'duration',
			cookie: undefined,
			seconds,
		});
	const account = after(again('refused', 60));

	t.throws(() => again('refused', 60)(account, CONTEXT), {code: 'POLICY_NAME_TAKEN'});
	t.throws(() => again('accepted', 61)(account, CONTEXT), {code: 'POLICY_NAME_TAKEN'});
	t.is(again('accepted', 60)(account, CONTEXT).account, account);
});

test('the policies of a listener are replaced as a whole, those of AWS by their name', t => {
	const account = after(app, tls, onListener(443, 'app', 'tls', 'app'));
	t.deepEqual(webOf(account).listeners[1]?.policies, ['app', 'tls']);

	const {result: web} = onListener(443, 'ELBSecurityPolicy-2015-05')(account, CONTEXT);
	t.deepEqual(web.listeners[1]?.policies, ['ELBSecurityPolicy-2015-05']);
	t.deepEqual(
		web.policies.map(({name}) => name),
		['app', 'tls', 'ELBSecurityPolicy-2015-05'],
	);
	const {result: cleared} = onListener(443)({...account, loadBalancers: new Map([['web', web]])}, CONTEXT);
	t.deepEqual(cleared.listeners[1]?.policies, []);
});

test('the policies of a back-end port are replaced as a whole, and go with its last listener', t => {
	const set = after(proxy, key, auth, onBackends(8443, 'proxy', 'auth'), onBackends(80, 'proxy'));
	t.deepEqual(
		[...webOf(set).backendPolicies],
		[
			[8443, ['proxy', 'auth']],
			[80, ['proxy']],
		],
	);

	const {result: fewer} = onBackends(8443, 'proxy')(set, CONTEXT);
	t.deepEqual(fewer.backendPolicies.get(8443), ['proxy']);
	const {result: none} = onBackends(8443)(set, CONTEXT);
	t.deepEqual([...none.backendPolicies.keys()], [80]);
	const {result: gone} = removeListeners({loadBalancer: 'web', ports: [443]})(set, CONTEXT);
	t.deepEqual([...gone.backendPolicies.keys()], [80]);
});

test('a policy in use is not deleted; one that is not in use, or not there, is', t => {
	const account = after(app, proxy, onListener(80, 'app'), onBackends(80, 'proxy'));

	t.throws(() => deleting('app')(account, CONTEXT), {code: 'POLICY_ENABLED', message: /the listener of port 80/});
	t.throws(() => deleting('proxy', 'ignored')(account, CONTEXT), {message: /the back-end port 80/});
	t.is(deleting('nothing', 'ignored')(account, CONTEXT).account, account);
	const cleared = onListener(80)(account, CONTEXT).account;
	t.deepEqual(
		deleting('app')(cleared, CONTEXT).result.policies.map(({name}) => name),
		['proxy'],
	);
});

test('a policy that leaves nothing to negotiate with the certificate is refused, and so is the certificate', t => {
	const ecdsa = creating('ecdsa', 'SSLNegotiationPolicyType', {
		'Protocol-TLSv1.2': 'true',
		'ECDHE-ECDSA-AES128-SHA256': 'true',
	});
	const rsa = creating('rsa', 'SSLNegotiationPolicyType', {'Protocol-TLSv1.2': 'true', 'AES128-SHA': 'true'});
	const account = after(ecdsa, rsa);

	t.throws(() => onListener(443, 'ecdsa')(account, CONTEXT), {
		code: 'POLICY_UNUSABLE',
		message: /^policy "ecdsa" leaves nothing to negotiate on the listener of port 443: .* the RSA key/,
	});

	const set = onListener(443, 'rsa')(account, CONTEXT).account;
	const ec = {...certificate('ec'), id: 'EC', name: 'ec'};
	const withEc = {...set, certificates: new Map(set.certificates).set('EC', ec)};
	const update = updateLoadBalancer({
		name: 'web',
		port: 443,
		certificate: {text: 'ec', place: {accountId: CONTEXT.identifiers.accountId, path: '/', name: 'ec'}},
		policies: undefined,
		healthCheck: undefined,
		accessLog: undefined,
		securedCookies: undefined,
		securityGroups: undefined,
		publicIp: undefined,
	});
	t.throws(() => update(withEc, CONTEXT), {code: 'POLICY_UNUSABLE'});
});
