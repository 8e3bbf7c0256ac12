import test from 'ava';
import {joinListenerPieces, readCertificateChoice, readUpTarget} from '../../src/cli/arguments.ts';

const joins = test.macro({
	exec: (t, given: string[], joined: string[]) => t.deepEqual(joinListenerPieces(given), joined),
	title: (_, given: string[]) => `${given.join(' ')} is put together`,
});
test(joins, ['up', 'https:443', '->', 'http:80', '--json'], ['up', 'https:443 -> http:80', '--json']);
test(joins, ['up', 'https:443->', 'http:80'], ['up', 'https:443-> http:80']);
test(joins, ['up', 'https:443', '->http:80', 'tcp:1'], ['up', 'https:443 ->http:80', 'tcp:1']);
test(joins, ['up', 'https:443 -> http:80'], ['up', 'https:443 -> http:80']);
test(joins, ['->'], ['->']);

const none = (): boolean => false;
const only =
	(...files: string[]) =>
	(file: string): boolean =>
		files.includes(file);

test('without arguments the configuration of the folder is used, or else the demo', t => {
	t.deepEqual(readUpTarget([], {}, only('lb-local.json', 'lb-local.yml')), {kind: 'config', file: 'lb-local.yml'});
	t.deepEqual(readUpTarget([], {}, none), {kind: 'demo'});
});

test('a file is a configuration by its ending or by being there', t => {
	t.deepEqual(readUpTarget(['a.yaml'], {}, none), {kind: 'config', file: 'a.yaml'});
	t.deepEqual(readUpTarget(['conf'], {}, only('conf')), {kind: 'config', file: 'conf'});
});

test('anything with a protocol and a port is a listener, also when its protocol is misspelt', t => {
	t.deepEqual(readUpTarget(['https:443 -> http:80', 'htps:1'], {backend: ['127.0.0.1:3000']}, none), {
		kind: 'listeners',
		listeners: ['https:443 -> http:80', 'htps:1'],
		backends: ['127.0.0.1:3000'],
	});
});

test('a listener after the list of back-ends is not taken for a back-end', t => {
	t.deepEqual(readUpTarget([], {backend: ['127.0.0.1:3000', 'sql:80', 'https:443 -> http:80']}, none), {
		kind: 'listeners',
		listeners: ['https:443 -> http:80'],
		backends: ['127.0.0.1:3000', 'sql:80'],
	});
});

const refusesTarget = test.macro({
	exec: (t, given: string[], options: {backend?: string[]; certificate?: string}, message: string) => {
		t.throws(() => readUpTarget(given, options, none), {code: 'USAGE', message});
	},
	title: (_, given: string[]) => `up ${given.join(' ')} makes no sense`,
});
test(refusesTarget, ['a.yaml', 'b.yaml'], {}, 'one configuration at a time: a.yaml and b.yaml were given');
test(
	refusesTarget,
	['a.yaml', 'http:80'],
	{},
	'a configuration and listeners do not go together: a.yaml and "http:80" were given',
);
test(refusesTarget, ['https:443', '-'], {}, '"-" is neither a configuration nor a listener');
test(refusesTarget, ['a.yaml'], {certificate: 'web.test'}, '--certificate goes with listeners');

test('a certificate is two files, or names', t => {
	t.deepEqual(readCertificateChoice('a.pem,b.key'), {kind: 'files', cert: 'a.pem', key: 'b.key'});
	t.deepEqual(readCertificateChoice('./a, ./b'), {kind: 'files', cert: './a', key: './b'});
	t.deepEqual(readCertificateChoice('web.test,*.web.test'), {kind: 'names', names: ['web.test', '*.web.test']});
	t.throws(() => readCertificateChoice('a.pem'), {code: 'USAGE'});
	t.throws(() => readCertificateChoice('a.pem,b.pem,c.pem'), {code: 'USAGE'});
	t.throws(() => readCertificateChoice('a.test,'), {code: 'USAGE'});
});
