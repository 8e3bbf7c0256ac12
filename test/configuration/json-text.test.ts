import test from 'ava';
import fc from 'fast-check';
import {parseJsonOrYaml} from '../../src/configuration/json-text.ts';
import {parseYaml} from '../../src/configuration/yaml-document.ts';
import {runs} from '../helpers/depth.ts';

const SPACES = ['', ' ', '\n', '\t', '\r\n  '] as const;

/** JSON with any white space between its tokens, and now and then a key that stands twice. */
const jsonText = fc.letrec<{any: string; object: string}>(tie => ({
	any: fc.oneof(
		{depthSize: 'small'},
		fc.constantFrom('null', 'true', '0', '-0', '1.50', '1e3', '12345678901234567890', '""', '"{: }"'),
		fc.string({unit: 'binary'}).map(text => JSON.stringify(text)),
		fc
			.tuple(fc.array(tie('any'), {maxLength: 3}), fc.constantFrom(...SPACES))
			.map(([items, space]) => `[${space}${items.join(`,${space}`)}]`),
		tie('object'),
	),
	object: fc
		.tuple(
			fc.array(
				fc.tuple(
					fc.oneof(
						fc.constantFrom('"a"', '"\\u0061"', '"b"', '"__proto__"', '"<<"', '"a:b"', '"\\""', '"1"'),
						fc.string({maxLength: 5}).map(text => JSON.stringify(text)),
					),
					tie('any'),
				),
				{maxLength: 3},
			),
			fc.constantFrom(...SPACES),
			fc.constantFrom(...SPACES),
		)
		.map(
			([entries, space, other]) =>
				`{${space}${entries.map(([key, value]) => `${key}${other}:${space}${value}`).join(`${other},${space}`)}${other}}`,
		),
})).object;

test('a text in JSON is read as the same text in YAML: values, faults and places', t => {
	fc.assert(
		fc.property(jsonText, text => {
			const read = parseJsonOrYaml(text);
			const asYaml = parseYaml(text);
			t.deepEqual(read.value, asYaml.value);
			t.deepEqual(read.faults, asYaml.faults);
			for (const path of [[], ['a'], ['a', 0], ['b', 'a'], ['__proto__']]) {
				t.deepEqual(read.positionOf({path}), asYaml.positionOf({path}));
			}
		}),
		{numRuns: runs(2000, 300)},
	);
});

test('JSON that is nested too deeply is refused, as in YAML', t => {
	const text = `${'{"a":'.repeat(2000)}1${'}'.repeat(2000)}`;

	const {value, faults} = parseJsonOrYaml(text);

	t.is(value, undefined);
	t.is(faults[0]?.message, 'nested too deeply');
});
