import test from 'ava';
import {planListeners} from '../../src/model/reconciliation.ts';
import type {ResolvedListener} from '../../src/model/resolved.ts';
import {HTTP_LISTENER} from '../helpers/running-pieces.ts';

interface Running {
	readonly name: string;
	readonly description: ResolvedListener;
}

const listener = (more: Partial<ResolvedListener> = {}): ResolvedListener => ({...HTTP_LISTENER, ...more});
const running = (name: string, more: Partial<ResolvedListener> = {}): Running => ({name, description: listener(more)});

/** What becomes of the listeners, by the names of those that run and the ports of those that are described. */
function plan(all: readonly Running[], described: readonly ResolvedListener[]) {
	const {keep, replace, open, close} = planListeners(all, described);
	const pair = ({running: {name}, to}: (typeof keep)[number]) => `${name} ${to.port}`;
	return {
		keep: keep.map(pair),
		replace: replace.map(pair),
		open: open.map(({port}) => port),
		close: close.map(({name}) => name),
	};
}

const NOTHING = {keep: [], replace: [], open: [], close: []};

test('what is described as before goes on, what is new is opened, what is gone is closed', t => {
	const all = [running('a', {port: 80}), running('b', {port: 81})];

	t.deepEqual(plan(all, [listener({port: 82}), listener({port: 80})]), {
		...NOTHING,
		keep: ['a 80'],
		open: [82],
		close: ['b'],
	});
	t.deepEqual(plan([], []), NOTHING);
});

test('what is kept gets its new description', t => {
	const to = listener({certificate: {key: 'k', cert: 'c'}});

	t.is(planListeners([running('a')], [to]).keep[0]?.to, to);
});

const bind = HTTP_LISTENER.bind;

test('a listener at another address is another one', t => {
	t.deepEqual(plan([running('a')], [listener({bind: {...bind, host: '127.0.0.2'}})]), {
		...NOTHING,
		open: [80],
		close: ['a'],
	});
});

test('a port that would be chosen otherwise now stays', t => {
	const other = {...bind, port: 8080, fallbackPorts: [1], fallsBackWhenTaken: true};

	t.deepEqual(plan([running('a')], [listener({bind: other})]), {...NOTHING, keep: ['a 80']});
});

const VERIFIED = {ca: 'ca', servername: 'a.test'};

for (const [what, before, after] of [
	['protocol', {}, {protocol: 'https'}],
	['protocol towards the back-ends', {}, {backendProtocol: 'https'}],
	['port of the back-ends', {}, {backendPort: 81}],
	['PROXY line', {}, {proxyProtocol: true}],
	['lowest version of TLS', {}, {tls: {minVersion: 'TLSv1.3', ciphers: undefined}}],
	['cipher list', {}, {tls: {minVersion: 'TLSv1.2', ciphers: 'AES128-SHA'}}],
	['verification of back-ends', {}, {verifyBackend: VERIFIED}],
	['authority of back-ends', {verifyBackend: VERIFIED}, {verifyBackend: {...VERIFIED, ca: 'other'}}],
	['name of back-ends', {verifyBackend: VERIFIED}, {verifyBackend: {...VERIFIED, servername: 'b.test'}}],
] as const satisfies readonly (readonly [string, Partial<ResolvedListener>, Partial<ResolvedListener>])[]) {
	test(`with another ${what} its port is kept, and its connections are let go`, t => {
		t.deepEqual(plan([running('a', before)], [listener(after)]), {...NOTHING, replace: ['a 80']});
		t.deepEqual(plan([running('a', after)], [listener({...after})]), {...NOTHING, keep: ['a 80']});
	});
}

for (const [what, after] of [
	['certificate', {certificate: {key: 'k', cert: 'c'}}],
	['stickiness', {stickiness: {kind: 'load-balancer', expirationMs: undefined}}],
] as const) {
	test(`with another ${what} its connections go on`, t => {
		// A policy of any kind.
		t.deepEqual(plan([running('a')], [listener(after as Partial<ResolvedListener>)]), {...NOTHING, keep: ['a 80']});
	});
}
