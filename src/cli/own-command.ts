import path from 'node:path';
import {shellWord} from '../base/shell-word.ts';

interface Started {
	/** The program, as it was called: `process.argv[1]`. */
	readonly script?: string;
	readonly cwd?: string;
	readonly env?: Readonly<Record<string, string | undefined>>;
}

/**
 * The command that calls this program in its environment, so that printed advice can be copied: `npx lb-local`,
 * `lb-local` when it is on the path, and the program itself in a clone.
 */
export function ownCommand({
	script = process.argv[1] ?? '',
	cwd = process.cwd(),
	env = process.env,
}: Started = {}): string {
	const folders = script.split(/[\\/]/);
	const name = folders.pop() ?? '';
	if (folders.includes('node_modules') && !isGlobal(script, env)) return packageManager(env);
	if (/^lb-local(\.cmd|\.ps1)?$/.test(name)) return 'lb-local';
	const relative = path.relative(cwd, script);
	const program = relative.startsWith('..') ? script : relative;
	// The sources of a clone, which Node does not run without tsx.
	return `node ${name.endsWith('.ts') ? '--import=tsx ' : ''}${shellWord(program)}`;
}

/** On Windows the program of a global installation is called by its own path, below npm's folder. */
function isGlobal(script: string, env: Readonly<Record<string, string | undefined>>): boolean {
	const folder = env['APPDATA'];
	return folder !== undefined && folder !== '' && script.startsWith(path.join(folder, 'npm'));
}

function packageManager({npm_config_user_agent: agent = ''}: Readonly<Record<string, string | undefined>>): string {
	if (agent.startsWith('pnpm')) return 'pnpm exec lb-local';
	if (agent.startsWith('yarn')) return 'yarn lb-local';
	return agent.startsWith('bun') ? 'bunx lb-local' : 'npx lb-local';
}
