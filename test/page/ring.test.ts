import test from 'ava';
import fc from 'fast-check';
import {Ring} from '../../src/page/ring.ts';
import {runs} from '../helpers/depth.ts';

test('rows are kept in the order of their numbers, the latest of them, each once in its latest form', t => {
	const step = fc.record({seq: fc.integer({min: 1, max: 40}), form: fc.nat(9)});
	fc.assert(
		fc.property(fc.array(step, {maxLength: 120}), fc.integer({min: 1, max: 12}), (steps, most) => {
			const ring = new Ring<{readonly seq: number; readonly form: number}>(most);
			let kept: {readonly seq: number; readonly form: number}[] = [];
			for (const row of steps) {
				const isOld = kept.length >= most && row.seq < (kept[0]?.seq ?? 0);
				const isNew = !isOld && !kept.some(({seq}) => seq === row.seq);
				t.is(ring.put(row), isNew);
				if (isOld) continue;
				kept = [...kept.filter(({seq}) => seq !== row.seq), row].sort((one, other) => one.seq - other.seq).slice(-most);
				t.is(ring.length, kept.length);
				t.deepEqual(ring.newest, kept.at(-1));
				t.deepEqual(ring.oldest, kept[0]);
			}
			t.deepEqual(ring.rows, kept);
			t.deepEqual(ring.rows, kept, 'read twice');
		}),
		{numRuns: runs(300)},
	);
});

test('many rows at once are as one after the other', t => {
	const rows = fc.array(fc.record({seq: fc.integer({min: 1, max: 40}), form: fc.nat(9)}), {maxLength: 30});
	fc.assert(
		fc.property(rows, rows, fc.integer({min: 1, max: 12}), (before, many, most) => {
			const sorted = [...new Map(many.map(row => [row.seq, row])).values()].sort((one, other) => one.seq - other.seq);
			const [ring, other] = [new Ring<(typeof many)[0]>(most), new Ring<(typeof many)[0]>(most)];
			for (const row of before) for (const each of [ring, other]) each.put(row);
			const {version} = ring;
			ring.putAll(sorted);
			for (const row of sorted) other.put(row);
			t.deepEqual(ring.rows, other.rows);
			t.is(ring.oldest, ring.rows[0]);
			t.true(ring.version > version);
		}),
		{numRuns: runs(300)},
	);
});

test('every change shows in the version, and clearing forgets all', t => {
	const ring = new Ring<{readonly seq: number}>(2);
	ring.put({seq: 1});
	const before = ring.version;
	ring.put({seq: 1});

	t.true(ring.version > before);
	ring.clear();
	t.deepEqual(ring.rows, []);
	t.is(ring.newest, undefined);
	t.true(ring.put({seq: 1}));
});
