// A process of its own: it changes the environment and gets the process's signals.
import test from 'ava';
import {up} from '../../src/cli/commands/up.ts';
import type {Output} from '../../src/cli/output.ts';
import {temporaryFolder} from '../helpers/temporary-folder.ts';

test('from the first line of output on, a signal stops in order', async t => {
	process.env['LB_LOCAL_HOME'] = await temporaryFolder(t);
	let isWaiting = false;
	/** For each line, whether a signal would have ended the process at once. */
	const told: boolean[] = [];
	const plain: Output['paintProse'] = (_, text) => text;
	const say = () => told.push(isWaiting);
	const output: Output = {
		data: say,
		say,
		warn: say,
		fail: say,
		stream: () => () => {},
		paintData: plain,
		paintProse: plain,
	};
	const interruption = {
		exitCode: 0,
		interrupt: () => {},
		hangUp: () => {},
		isInterrupted: false,
		passTo: () => () => {},
		wait: async () => {
			isWaiting = true;
		},
	};

	const code = await up(['http:80'], {ports: 'free'}, {output, interruption});

	t.is(code, 0);
	t.true(told.length > 5);
	// The first line is about the new authority, before anything runs.
	t.deepEqual(new Set(told.slice(1)), new Set([true]));
});
