#!/usr/bin/env node
import * as nodeModule from 'node:module';

// Node 22.1 and later keep the compiled form of what follows; here alone, since this process is ours. It must be on
// before the rest is imported.
(nodeModule as {enableCompileCache?: () => unknown}).enableCompileCache?.();
void import('./run-process.ts');
