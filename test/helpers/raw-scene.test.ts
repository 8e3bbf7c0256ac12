import test from 'ava';
import {deadPort} from './ports.ts';
import {authority, openClient, type Way} from './raw-scene.ts';

for (const front of ['http', 'https'] satisfies Way[]) {
	test(`${front}: a client that cannot connect says why, and does not wait for ever`, async t => {
		const dead = await deadPort(t);

		await t.throwsAsync(openClient({port: () => dead, dnsName: 'web.test', ca: authority}, front), {
			code: 'ECONNREFUSED',
		});
	});
}
