import test from 'ava';
import {ownCommand} from '../../src/cli/own-command.ts';

const calls = test.macro({
	exec: (t, script: string, expected: string, env: Record<string, string> = {}) => {
		t.is(ownCommand({script, cwd: '/home/me/shop', env}), expected);
	},
	title: (_, script, expected) => `${script} is called as ${expected}`,
});

const BIN = '/home/me/shop/node_modules/.bin/lb-local';
test(calls, BIN, 'npx lb-local');
test(calls, BIN, 'pnpm exec lb-local', {npm_config_user_agent: 'pnpm/9.1.0 npm/? node/v20.19.0 linux x64'});
test(calls, BIN, 'yarn lb-local', {npm_config_user_agent: 'yarn/1.22.22 npm/? node/v20.19.0 linux x64'});
test(calls, '/home/me/shop/node_modules/lb-local/dist/cli/main.js', 'bunx lb-local', {
	npm_config_user_agent: 'bun/1.2',
});
test(calls, '/home/me/.npm/_npx/1a2b/node_modules/.bin/lb-local', 'npx lb-local');
test(calls, '/usr/local/bin/lb-local', 'lb-local');
test(calls, '/home/me/shop/src/cli/main.ts', 'node --import=tsx src/cli/main.ts');
test(calls, '/home/me/shop/dist/cli/main.js', 'node dist/cli/main.js');
test(calls, '/home/me/lb local/dist/cli/main.js', "node '/home/me/lb local/dist/cli/main.js'");
