// vitest, mocha and jest with --experimental-vm-modules: ES modules as they are.
import * as lbLocal from 'lb-local';
import * as assertions from 'lb-local/assert';
import runners from './round.cjs';

it('imports lb-local', () => runners.round(lbLocal));

it('imports its assertions', () => runners.assertions(lbLocal, assertions));
