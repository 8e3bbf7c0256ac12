// One process of plain Node has one copy, however it is asked for.
import {strict as assert} from 'node:assert';
import {createRequire} from 'node:module';
import * as imported from 'lb-local';
import runners from './round.cjs';

const required = createRequire(import.meta.url)('lb-local');
assert.equal(required.startLoadBalancer, imported.startLoadBalancer);
assert.equal(required.EmulatorError, imported.EmulatorError);
await runners.round(required);
console.log(`one copy on Node ${process.version}`);
