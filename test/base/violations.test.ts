import test from 'ava';
import {EmulatorError, invalidDescription, type Violation} from '../../src/base/errors.ts';
import {Violations} from '../../src/base/violations.ts';

test('of many violations the first 20 are listed, and the others counted', t => {
	const violations = new Violations<Violation>();
	let put = 0;
	for (let index = 0; index < 100_000; index++) {
		violations.push(() => {
			put++;
			return {path: [index], message: 'is wrong'};
		});
	}

	const error = invalidDescription('The list', violations);

	t.is(put, 20);
	t.is(error.violations.length, 20);
	t.is(error.moreViolations, 99_980);
	t.is(error.message.split('\n').length, 22);
	t.true(error.message.endsWith('\n  [19]: is wrong\n  and 99980 more'));
});

test('20 violations are all listed', t => {
	const all = Array.from({length: 20}, (_, index) => ({path: [index], message: 'is wrong'}));

	const error = invalidDescription('The list', all);

	t.deepEqual(error.violations, all);
	t.is(error.moreViolations, 0);
	t.true(error.message.endsWith('\n  [19]: is wrong'));
});

test('violations that were collected in another list are limited as well', t => {
	const all = Array.from({length: 50}, (_, index) => ({path: [index], message: 'is wrong'}));

	const error = new EmulatorError('INVALID_DESCRIPTION', 'wrong', {violations: all});

	t.deepEqual(error.violations, all.slice(0, 20));
	t.is(error.moreViolations, 30);
});

test('changed violations keep the count of the others', t => {
	const violations = Violations.within(Array.from({length: 25}, (_, index) => ({path: [index], message: 'is wrong'})));

	const changed = violations.changed(({path, message}) => ({path: ['list', ...path], message}));

	t.is(changed.length, 20);
	t.is(changed.more, 5);
	t.deepEqual(changed[19]?.path, ['list', 19]);
	t.is(Violations.within(changed), changed);
});
