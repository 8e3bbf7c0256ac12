// One process of plain Node has one copy, however it is asked for.
import {strict as assert} from 'node:assert';
import {createRequire} from 'node:module';
import * as imported from 'lb-local';
import * as importedAssertions from 'lb-local/assert';
import runners from './round.cjs';

const require = createRequire(import.meta.url);
const required = require('lb-local');
assert.equal(required.startLoadBalancer, imported.startLoadBalancer);
assert.equal(required.EmulatorError, imported.EmulatorError);
assert.equal(require('lb-local/assert').assertOrder, importedAssertions.assertOrder);
await runners.round(required);
await runners.assertions(required, importedAssertions);
console.log(`one copy on Node ${process.version}`);
