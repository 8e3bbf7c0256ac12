import {randomBytes} from 'node:crypto';
import test from 'ava';
import fc from 'fast-check';
import {joinPem, readPem, writePem} from '../../src/certificates/pem.ts';

const BLOCK = writePem('CERTIFICATE', Buffer.alloc(100, 7));

test('a block is read as it was written', t => {
	const [block] = readPem(BLOCK);

	t.deepEqual(block, {label: 'CERTIFICATE', headers: [], line: 1, text: BLOCK});
});

test('any bytes survive writing, any line ends, and reading', t => {
	fc.assert(
		fc.property(
			fc.uint8Array({minLength: 1, maxLength: 300}),
			fc.constantFrom('\n', '\r\n', '\r', ' '),
			(bytes, lineEnd) => {
				const text = writePem('X', bytes);

				const [block] = readPem(text.replaceAll('\n', lineEnd).trimEnd());

				t.is(block?.text, text);
			},
		),
	);
});

const unimportant = test.macro({
	exec(t, text: string) {
		t.is(joinPem(readPem(text)), BLOCK);
	},
	title: (what = '') => `${what} does not matter to a block`,
});

test('a carriage return', unimportant, BLOCK.replaceAll('\n', '\r\n'));
test('a missing final newline', unimportant, BLOCK.trimEnd());
test('text around it', unimportant, `Subject: CN=web.test\n\n${BLOCK}\n-- \nregards\n`);
test('a byte order mark', unimportant, `\ufeff${BLOCK}`);
test('indentation, as in YAML,', unimportant, BLOCK.replaceAll(/^/gm, '    '));
test('the loss of its line ends', unimportant, BLOCK.replaceAll('\n', ' '));
test('an odd number of columns', unimportant, BLOCK.replaceAll(/(\w{30})/g, '$1\n'));

test('several blocks are read in order, each with its line', t => {
	const blocks = readPem(`a leaf\n${BLOCK}and its key\n${writePem('PRIVATE KEY', randomBytes(8))}`);

	t.deepEqual(
		blocks.map(({label, line}) => [label, line]),
		[
			['CERTIFICATE', 2],
			['PRIVATE KEY', 8],
		],
	);
});

test('the headers of the legacy form are kept', t => {
	const text =
		'-----BEGIN RSA PRIVATE KEY-----\r\nProc-Type: 4,ENCRYPTED\r\nDEK-Info: AES-128-CBC,00\r\n\r\nAAAA\r\n-----END RSA PRIVATE KEY-----\r\n';

	const [block] = readPem(text);

	t.deepEqual(block?.headers, ['Proc-Type: 4,ENCRYPTED', 'DEK-Info: AES-128-CBC,00']);
	t.is(block?.text, text.replaceAll('\r\n', '\n'));
});

test('text without any block holds none', t => {
	t.deepEqual(readPem('hello'), []);
	t.deepEqual(readPem(''), []);
});

const refused = test.macro({
	exec(t, text: string, message: string) {
		t.throws(() => readPem(text), {code: 'PEM_INVALID', message});
	},
	title: (what = '') => `${what} is refused`,
});

test(
	'a block without its end',
	refused,
	BLOCK.slice(0, 90),
	'The CERTIFICATE block at line 1 is cut off: it has no END line',
);
test(
	'a block cut off by the next one',
	refused,
	`${BLOCK.slice(0, 90)}\n${BLOCK}`,
	'The CERTIFICATE block at line 1 is cut off: another block begins at line 3',
);
test(
	'a block that ends as another',
	refused,
	BLOCK.replace('END CERTIFICATE', 'END PRIVATE KEY'),
	'The CERTIFICATE block at line 1 is cut off: line 5 ends a PRIVATE KEY block instead',
);
test(
	'a block without its beginning',
	refused,
	BLOCK.slice(BLOCK.indexOf('\n')),
	'The CERTIFICATE block that ends at line 5 has no BEGIN line',
);
test(
	'a block with foreign characters',
	refused,
	BLOCK.replace('Bwc', '#?!'),
	'The CERTIFICATE block at line 1 is garbled: it holds characters that are not base64',
);
test(
	'a block that lost a character',
	refused,
	BLOCK.replace('Bwc', 'Bw'),
	'The CERTIFICATE block at line 1 is cut off: its base64 has 135 characters, which is no multiple of four',
);
test(
	'an empty block',
	refused,
	'-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n',
	'The CERTIFICATE block at line 1 is empty',
);
test(
	'a block with escaped line ends',
	refused,
	BLOCK.replaceAll('\n', '\\n'),
	'The CERTIFICATE block at line 1 holds "\\n" as two characters where lines should end',
);
test(
	'a garbled BEGIN line',
	refused,
	BLOCK.replace('-----BEGIN CERTIFICATE-----', '-----BEGIN CERTIFICATE----'),
	'The CERTIFICATE block that ends at line 5 has no BEGIN line',
);
test(
	'a text of garbled BEGIN and END lines',
	refused,
	BLOCK.replaceAll('CERTIFICATE-----', 'CERTIFICATE---'),
	'A BEGIN or END line is garbled; it reads "-----BEGIN CERTIFICATE-----", five hyphens at both ends',
);
