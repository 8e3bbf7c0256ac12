// What a user's plain JavaScript does with the installed package.
import {strict as assert} from 'node:assert';
import {startEmulator, startLoadBalancer} from 'lb-local';
import {assertOrder} from 'lb-local/assert';

const lb = await startLoadBalancer({listeners: ['https:443 -> http:80'], backends: 3});
for (let i = 0; i < 4; i++) await lb.fetch('/');
assert.deepEqual(lb.traffic.order(), ['a', 'b', 'c', 'a']);
assertOrder(lb, ['a', 'b', 'c', 'a']);
await lb.stop();

await assert.rejects(startLoadBalancer({listeners: ['htps:443 -> http:80']}), error => {
	assert.equal(error.code, 'INVALID_DESCRIPTION');
	assert.match(error.message, /unknown protocol "htps".*did you mean "https"\?/);
	return true;
});

// The page was built beforehand.
const emulator = await startEmulator();
for (const file of ['', 'page/app.js', 'page/chunk.js', 'page/more.js', 'page/page.css', 'page/icon.svg']) {
	const response = await fetch(`${emulator.endpoint}/_lb/${file}`);
	assert.equal(response.status, 200, file);
	assert.match(response.headers.get('content-security-policy'), /trusted-types 'none'/);
}
await emulator.stop();
