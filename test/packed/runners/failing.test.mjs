// A test that fails, under jest, mocha and vitest: what they print of it must show the exchanges.
import * as lbLocal from 'lb-local';
import * as assertions from 'lb-local/assert';
import runners from './round.cjs';

it('fails', () => runners.failing(lbLocal, assertions));
