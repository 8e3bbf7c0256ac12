const assert = require('node:assert/strict');
const {test} = require('node:test');

test('the service knows that its clients come over HTTPS', async () => {
	const response = await fetch(process.env.LB_LOCAL_WEB_URL);

	assert.equal(await response.text(), 'over https\n');
});
