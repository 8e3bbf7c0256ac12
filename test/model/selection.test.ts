import test from 'ava';
import {type Candidate, nextBackend} from '../../src/model/selection.ts';

interface Named extends Candidate {
	readonly name: string;
}

/** Back-ends in registration order; those in capitals are in service, `-` is one that has left. */
function candidates(text: string): Named[] {
	return [...text].flatMap((name, order) =>
		name === '-' ? [] : {name: name.toLowerCase(), order, inService: name !== name.toLowerCase()},
	);
}

const picks = test.macro({
	exec(t, all: string, after: number, tried: string, picked: string | undefined) {
		const backends = candidates(all);
		const set = new Set(backends.filter(({name}) => tried.includes(name)));
		t.is(nextBackend(backends, after, set)?.name, picked);
	},
	title: (what = '') => what,
});

test('the first pick is the first one that is registered', picks, 'ABC', -1, '', 'a');
test('the next one after the last pick is picked', picks, 'ABC', 0, '', 'b');
test('after the last one comes the first', picks, 'ABC', 2, '', 'a');
test('one out of service is passed over', picks, 'AbC', 0, '', 'c');
test('one out of service is passed over at the beginning too', picks, 'aBC', 2, '', 'b');
test('one that was tried for this request is passed over', picks, 'ABC', 0, 'b', 'c');
test('the only one is picked again', picks, 'A', 0, '', 'a');
test('the round goes on behind the place of one that has left', picks, 'A-C', 1, '', 'c');
test('a new one has its place behind all others', picks, 'AB--E', 1, '', 'e');
test('none is picked where all are out of service', picks, 'abc', -1, '', undefined);
test('none is picked where all were tried', picks, 'ABc', 0, 'ab', undefined);
test('none is picked where none is registered', picks, '', -1, '', undefined);

test('everyone gets as many, and one that comes back takes its own place', t => {
	const pick = (all: string, count: number, start: number) => {
		let after = start;
		let names = '';
		for (let i = 0; i < count; i++) {
			const next = nextBackend(candidates(all), after);
			names += next?.name ?? '?';
			after = next?.order ?? after;
		}
		return names;
	};

	t.is(pick('ABC', 6, -1), 'abcabc');
	t.is(pick('AbC', 4, 1), 'caca');
	t.is(pick('ABC', 3, 0), 'bca');
});
