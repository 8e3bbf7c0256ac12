import test from 'ava';
import * as v from 'valibot';
import {readShape} from '../../src/configuration/read-shape.ts';

const schema = v.strictObject(
	{
		count: v.number('a number'),
		names: v.exactOptional(v.array(v.string('text'), 'a list')),
		nested: v.exactOptional(
			v.pipe(
				v.strictObject({on: v.exactOptional(v.boolean('true or false'))}, 'an object'),
				v.metadata({refused: {off: 'is gone'}}),
			),
		),
		byName: v.exactOptional(v.record(v.string(), v.number('a number'), 'numbers by name')),
	},
	'a thing',
);

test('what is sound around a fault is kept', t => {
	const {value, findings} = readShape(schema, {count: 'x', names: ['a', 1, 'c'], nested: {on: true}});

	t.like(value, {names: ['a', undefined, 'c'], nested: {on: true}});
	t.deepEqual(
		findings.map(({path, message}) => [path, message]),
		[
			[['count'], '"x" is not a number'],
			[['names', 1], '1 is not text'],
		],
	);
});

test('every unknown key is told, each with what is allowed and what was probably meant', t => {
	const {findings} = readShape(schema, {count: 1, coun: 2, zzzzzzzz: 3});

	t.deepEqual(
		[...findings],
		[
			{
				path: ['coun'],
				at: 'key',
				message: 'unknown key "coun"; allowed are "count", "names", "nested" or "byName"',
				hint: 'did you mean "count"?',
			},
			{
				path: ['zzzzzzzz'],
				at: 'key',
				message: 'unknown key "zzzzzzzz"; allowed are "count", "names", "nested" or "byName"',
				hint: undefined,
			},
		],
	);
});

test('a key that is known elsewhere is refused in its own words', t => {
	const {findings} = readShape(schema, {count: 1, nested: {off: 1}});

	t.is(findings[0]?.message, '"off" is gone');
});

for (const name of ['__proto__', 'constructor', 'toString', 'hasOwnProperty']) {
	test(`${name} is an unknown key in an object and a name like any other in a record`, t => {
		const {value, findings} = readShape(schema, JSON.parse(`{"count": 1, "${name}": 2, "byName": {"${name}": 3}}`));

		t.is(findings[0]?.message, `unknown key "${name}"; allowed are "count", "names", "nested" or "byName"`);
		t.deepEqual(Object.entries(value?.byName ?? {}), [[name, 3]]);
	});
}

test('inherited keys are nobody’s', t => {
	const inherits: unknown = Object.create({count: 1});

	t.is(readShape(schema, inherits).findings[0]?.message, '"count" is missing; it is a number');
});

test('an undefined that is written out says nothing', t => {
	t.is(readShape(schema, {count: 1, names: undefined}).findings.length, 0);
});
