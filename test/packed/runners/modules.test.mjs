// vitest, mocha and jest with --experimental-vm-modules: ES modules as they are.
import * as lbLocal from 'lb-local';
import runners from './round.cjs';

it('imports lb-local', () => runners.round(lbLocal));
