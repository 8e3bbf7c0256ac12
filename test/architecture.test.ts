import {readdirSync, readFileSync} from 'node:fs';
import path from 'node:path';
import {fileURLToPath} from 'node:url';
import test from 'ava';

const SRC = fileURLToPath(new URL('../src', import.meta.url));

/** Rooms, lowest first. A file may import its own room and rooms of a lower level, nothing else. */
const LEVELS: ReadonlyArray<readonly string[]> = [
	['base'],
	['model', 'codec'],
	['observability', 'certificates', 'configuration'],
	['operations'],
	['data-plane', 'control-plane', 'fake-backends'],
	['emulator'],
	['cli', 'index', 'assert'],
];

const files = readdirSync(SRC, {recursive: true, encoding: 'utf8'})
	.filter(file => file.endsWith('.ts') && !file.startsWith(`page${path.sep}`))
	.map(file => path.join(SRC, file))
	.sort();

/** The page runs in a browser, outside the levels. */
const pageFiles = readdirSync(path.join(SRC, 'page'), {recursive: true, encoding: 'utf8'})
	.filter(file => /\.tsx?$/.test(file))
	.map(file => path.join(SRC, 'page', file))
	.sort();

/** What of the rest of the sources is in the page. */
const IN_PAGE = ['observability/traffic-filter.ts', 'base/suggest.ts'];

test('the page has only types of the other rooms, and the grammar of its filter', t => {
	t.true(pageFiles.length > 0);
	for (const file of pageFiles) {
		const text = readFileSync(file, 'utf8');
		const values = text.replaceAll(/^import type [^;]*;/gm, '');
		for (const [, from = ''] of values.matchAll(/(?:from|import\(?)\s*'([^']+)'/g)) {
			if (!from.startsWith('.')) {
				t.regex(from, /^preact(?:\/hooks)?$/, `${path.relative(SRC, file)} imports ${from}`);
				continue;
			}
			const imported = path.relative(SRC, path.resolve(path.dirname(file), from));
			t.true(roomOf(path.join(SRC, imported)) === 'page' || IN_PAGE.includes(imported), `${file}: ${imported}`);
		}
		t.notRegex(text, /\binnerHTML\b|dangerouslySetInnerHTML|\beval\(|https?:\/\/(?!\$)/, path.relative(SRC, file));
	}
});

for (const file of files) {
	const name = path.relative(SRC, file);
	test(`${name} imports downwards only`, t => {
		t.not(levelOf(roomOf(file)), -1, 'unknown room: add it to LEVELS and to ARCHITECTURE.md');
		for (const imported of importsOf(file)) {
			const allowed = roomOf(imported) === roomOf(file) || levelOf(roomOf(imported)) < levelOf(roomOf(file));
			t.true(allowed, `${path.relative(SRC, imported)} is not below`);
		}
	});
}

test('no file imports itself by way of others, type imports included', t => {
	const imports = new Map(files.map(file => [file, importsOf(file)]));
	const cycles = files.flatMap(file => shortestCycle(file, imports) ?? []);
	t.deepEqual([...new Set(cycles)], []);
});

test('the model never waits and imports nothing of Node', t => {
	for (const file of files.filter(each => roomOf(each) === 'model')) {
		const text = readFileSync(file, 'utf8');
		t.notRegex(text, /from 'node:|\basync\b|\bawait\b|Date\.now|setTimeout/, path.relative(SRC, file));
	}
});

// The linter forbids the globals and modules themselves: see biome.json.
test('time comes from base/timers.ts, which fake timers do not reach', t => {
	for (const file of files.filter(each => !each.endsWith(path.join('base', 'timers.ts')))) {
		const text = readFileSync(file, 'utf8');
		t.notRegex(
			text,
			/\bDate\.now\b|new Date\(\)|process\.(?:nextTick|hrtime)|globalThis\.set/,
			path.relative(SRC, file),
		);
	}
});

test('lazy modules are imported one after the other: jest fails to link what two of them share at once', t => {
	for (const file of files) {
		const text = readFileSync(file, 'utf8');
		t.notRegex(text, /Promise\.all\(\[[^\]]*\bimport\([^\]]*\bimport\(/s, file);
	}
});

test("addresses are recognised by base/ip.ts, which avoids Node's slow pattern at a cold start", t => {
	for (const file of files.filter(each => !each.endsWith(path.join('base', 'ip.ts')))) {
		const text = readFileSync(file, 'utf8');
		t.notRegex(text, /\bnet\.isIP(?:v6)?\(|\bisIP(?:v6)?\b[^;\n]* from 'node:net'/, path.relative(SRC, file));
	}
});

test('only the certificates room knows node-forge', t => {
	const knowing = files.filter(file =>
		/^import (?:type )?forge|import\('node-forge|require\('node-forge/m.test(readFileSync(file, 'utf8')),
	);
	t.deepEqual([...new Set(knowing.map(roomOf))], ['certificates']);
});

test('only the command line uses the console and ends the process', t => {
	for (const file of files.filter(each => roomOf(each) !== 'cli')) {
		t.notRegex(readFileSync(file, 'utf8'), /\bconsole\.\w+\(|process\.exit/, path.relative(SRC, file));
	}
});

test('every error in the sources has a code', t => {
	for (const file of files) {
		t.notRegex(readFileSync(file, 'utf8'), /new Error\(/, path.relative(SRC, file));
	}
});

// They shorten, escape, and remove private keys; JSON.stringify() does not.
test("a user's text gets into a message through quote() or show()", t => {
	const whole = ['control-plane/error-answer.ts', 'cli/run-file.ts', 'cli/commands/env.ts'];
	for (const file of files.filter(each => !whole.includes(path.relative(SRC, each)))) {
		t.notRegex(readFileSync(file, 'utf8'), /\$\{JSON\.stringify\(/, path.relative(SRC, file));
	}
});

test('every error code has its entry in docs/errors.md, and nothing else has one', t => {
	const codes = new Set<string>();
	for (const file of files) {
		for (const match of readFileSync(file, 'utf8').matchAll(/new EmulatorError\(\s*'([A-Z_]+)'/g))
			codes.add(match[1] ?? '');
	}
	const documented = [...readFileSync(path.join(SRC, '../docs/errors.md'), 'utf8').matchAll(/^## `([A-Z_]+)`/gm)];

	t.deepEqual(
		documented.map(match => match[1]),
		[...codes].sort(),
	);
});

function roomOf(file: string): string {
	const [first = ''] = path.relative(SRC, file).split(path.sep);
	return first.replace(/\.ts$/, '');
}

function levelOf(room: string): number {
	return LEVELS.findIndex(rooms => rooms.includes(room));
}

function importsOf(file: string): string[] {
	const text = readFileSync(file, 'utf8');
	return [...text.matchAll(/(?:from|import\(?)\s*'(\.{1,2}\/[^']+)'/g)].map(match =>
		path.resolve(path.dirname(file), match[1] ?? ''),
	);
}

/** The shortest way from a file back to itself, `a -> b -> a`; the same text for each file on it. */
function shortestCycle(start: string, imports: ReadonlyMap<string, readonly string[]>): string | undefined {
	const reached = new Set<string>();
	let paths: (readonly string[])[] = [[start]];
	while (paths.length > 0) {
		const longer: (readonly string[])[] = [];
		for (const way of paths) {
			for (const imported of imports.get(way.at(-1) ?? '') ?? []) {
				if (imported === start) return formatCycle(way);
				if (reached.has(imported)) continue;
				reached.add(imported);
				longer.push([...way, imported]);
			}
		}
		paths = longer;
	}
	return undefined;
}

function formatCycle(cycle: readonly string[]): string {
	const names = cycle.map(file => path.relative(SRC, file));
	const [first = ''] = [...names].sort();
	const at = names.indexOf(first);
	return [...names.slice(at), ...names.slice(0, at), first].join(' -> ');
}
