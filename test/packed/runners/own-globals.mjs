// The runners that are imported: the same tests under node:test and AVA. RUNNER is which, FAILING asks for the failing one.
import * as lbLocal from 'lb-local';
import * as assertions from 'lb-local/assert';
import runners from './round.cjs';

const {default: test} = await import(process.env.RUNNER);
const under = process.env.RUNNER === 'ava' ? body => async t => t.pass(await body()) : body => body;

if (process.env.FAILING === undefined) {
	test(
		'imports lb-local',
		under(() => runners.round(lbLocal)),
	);
	test(
		'imports its assertions',
		under(() => runners.assertions(lbLocal, assertions)),
	);
} else {
	test(
		'fails',
		under(() => runners.failing(lbLocal, assertions)),
	);
}
