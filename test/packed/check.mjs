// Checks the packed tarball as its users have it: test runners, module systems, TypeScript versions, attw and publint.
// Usage: node test/packed/check.mjs TARBALL FOLDER. What cannot be had from the registry is skipped with a message.
import {spawnSync} from 'node:child_process';
import {cpSync, mkdirSync, readFileSync, writeFileSync} from 'node:fs';
import path from 'node:path';
import {fileURLToPath} from 'node:url';

const HERE = path.dirname(fileURLToPath(import.meta.url));
const [tarball, scratch] = process.argv.slice(2).map(file => path.resolve(file));
const {devDependencies} = JSON.parse(readFileSync(path.join(HERE, '../../package.json'), 'utf8'));
const TYPES = {'@types/node': '20'};
const PRESETS = {'@babel/preset-env': '7', '@babel/preset-typescript': '7'};

let failed = 0;

/** A line of the message of a failed assertion of lb-local/assert: every runner is to show it. */
const SHOWN = '> web:80 #1 GET / 200 -> a: ok';

/** Runs a program; tells what it printed when it fails. With `failing` it must fail, and show why. */
function check(title, cwd, command, args, env = {}, failing = false) {
	const {status, stdout, stderr, error} = spawnSync(command, args, {
		cwd,
		encoding: 'utf8',
		env: {...process.env, ...env},
		timeout: 300_000,
	});
	const passed = failing ? status !== 0 && `${stdout}${stderr}`.includes(SHOWN) : status === 0;
	console.log(`${passed ? 'ok' : 'FAILED'}: ${title}`);
	if (passed) return;
	failed += 1;
	console.log([command, ...args].join(' '), error?.message ?? '', `\n${stdout}\n${stderr}`);
}

/** A project of its own with the tarball and some tools. @returns its folder; undefined when a tool cannot be had. */
function project(name, tools, files) {
	const folder = path.join(scratch, name);
	mkdirSync(folder, {recursive: true});
	writeFileSync(path.join(folder, 'package.json'), '{"private": true}\n');
	for (const file of files) cpSync(path.join(HERE, file), path.join(folder, path.basename(file)));
	const packages = Object.entries(tools).map(([tool, version]) => `${tool}@${version}`);
	const flags = ['--silent', '--no-audit', '--no-fund', '--prefer-offline'];
	const {status, stderr} = spawnSync('npm', ['install', ...flags, tarball, ...packages], {
		cwd: folder,
		encoding: 'utf8',
	});
	if (status === 0) return folder;
	console.log(`skipped: ${name}, ${packages.join(' and ')} cannot be installed here\n${stderr}`);
	return undefined;
}

const bin = (folder, tool) => path.join(folder, 'node_modules/.bin', tool);

const RUNNERS = [
	'round.cjs',
	'commonjs.test.js',
	'typescript.test.ts',
	'modules.test.mjs',
	'failing.test.mjs',
	'own-globals.mjs',
	'one-copy.mjs',
];
const files = RUNNERS.map(file => `runners/${file}`);

function jest(version) {
	const folder = project(
		`jest-${version}`,
		{jest: version, 'ts-jest': '29', typescript: '5.9', ...TYPES, ...PRESETS},
		files,
	);
	if (folder === undefined) return;
	const presets = [['@babel/preset-env', {targets: {node: 'current'}}], '@babel/preset-typescript'];
	writeFileSync(path.join(folder, 'babel.config.json'), JSON.stringify({presets}));
	writeFileSync(
		path.join(folder, 'tsconfig.json'),
		JSON.stringify({
			compilerOptions: {module: 'commonjs', target: 'es2022', strict: true, esModuleInterop: true, types: ['node']},
		}),
	);
	const run = (title, transform, file, env, failing) => {
		const config = JSON.stringify({
			transform,
			testMatch: [`**/${file}`],
			moduleFileExtensions: ['js', 'mjs', 'cjs', 'ts', 'json'],
		});
		check(
			`jest ${version}, ${title}`,
			folder,
			bin(folder, 'jest'),
			['--config', config, '--runInBand', '--testTimeout', '120000'],
			env,
			failing,
		);
	};
	run('CommonJS', {}, 'commonjs.test.js');
	run('babel-jest', {'\\.ts$': 'babel-jest'}, 'typescript.test.ts');
	run('ts-jest', {'\\.ts$': ['ts-jest', {diagnostics: {ignoreCodes: [7016]}}]}, 'typescript.test.ts');
	const modules = {NODE_OPTIONS: '--experimental-vm-modules --no-warnings'};
	run('ES modules', {}, 'modules.test.mjs', modules);
	run('a failed assertion', {}, 'failing.test.mjs', modules, true);
}

function otherRunners() {
	const folder = project('runners', {mocha: '11', vitest: '3', ava: devDependencies.ava}, files);
	if (folder === undefined) return;
	check('mocha, CommonJS', folder, bin(folder, 'mocha'), ['--timeout', '0', 'commonjs.test.js']);
	check('mocha, ES modules', folder, bin(folder, 'mocha'), ['--timeout', '0', 'modules.test.mjs']);
	check('mocha, a failed assertion', folder, bin(folder, 'mocha'), ['--timeout', '0', 'failing.test.mjs'], {}, true);
	const vitest = ['run', '--globals', '--testTimeout', '120000'];
	check('vitest', folder, bin(folder, 'vitest'), [...vitest, 'typescript.test.ts', 'modules.test.mjs']);
	check('vitest, a failed assertion', folder, bin(folder, 'vitest'), [...vitest, 'failing.test.mjs'], {}, true);
	writeFileSync(path.join(folder, 'ava.config.js'), "module.exports = {files: ['own-globals.mjs'], timeout: '2m'};\n");
	for (const [RUNNER, program, args] of [
		['node:test', process.execPath, ['--test', 'own-globals.mjs']],
		['ava', bin(folder, 'ava'), []],
	]) {
		check(RUNNER, folder, program, args, {RUNNER});
		check(`${RUNNER}, a failed assertion`, folder, program, args, {RUNNER, FAILING: 'yes'}, true);
	}
	check('one copy for require() and import', folder, process.execPath, ['one-copy.mjs']);
}

/** Without skipLibCheck: our own declarations are checked as well. */
function typeScript(version) {
	const folder = project(`typescript-${version}`, {typescript: version, ...TYPES}, ['user.ts', 'types/commonjs.cts']);
	if (folder === undefined) return;
	const strict = ['--noEmit', '--strict', '--skipLibCheck', 'false', '--types', 'node', '--target', 'es2022'];
	const modern = [...strict, '--lib', 'es2023,esnext.disposable'];
	// TypeScript 6 takes node10 only with this word, and 5 does not know the value.
	const old = version.startsWith('5') ? [] : ['--ignoreDeprecations', '6.0'];
	const tsc = (title, ...args) => check(`TypeScript ${version}, ${title}`, folder, bin(folder, 'tsc'), args);
	cpSync(path.join(folder, 'user.ts'), path.join(folder, 'user.mts'));
	cpSync(path.join(folder, 'commonjs.cts'), path.join(folder, 'commonjs.ts'));
	tsc('node10', ...strict, ...old, '--module', 'commonjs', '--moduleResolution', 'node10', 'commonjs.ts');
	tsc('bundler', ...modern, '--module', 'esnext', '--moduleResolution', 'bundler', 'user.mts');
	for (const module of ['node16', 'nodenext']) {
		tsc(`${module}, ES modules`, ...modern, '--module', module, 'user.mts');
		tsc(`${module}, CommonJS`, ...strict, '--module', module, 'commonjs.cts');
	}
}

function packaging() {
	const folder = project('packaging', {'@arethetypeswrong/cli': '0.18.5', publint: '0.3.25'}, []);
	if (folder === undefined) return;
	check('attw', folder, bin(folder, 'attw'), [tarball]);
	check('publint', folder, bin(folder, 'publint'), ['--strict', tarball]);
}

jest('29');
jest('30');
otherRunners();
typeScript('5.4');
typeScript(devDependencies.typescript);
packaging();
process.exitCode = failed === 0 ? 0 : 1;
