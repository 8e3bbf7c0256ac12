#!/usr/bin/env node
import * as nodeModule from 'node:module';

// Node 22.1 and later cache the compiled code. Only enabled here, where the process is our own, and before the rest is
// imported.
(nodeModule as {enableCompileCache?: () => unknown}).enableCompileCache?.();
void import('./run-process.ts');
