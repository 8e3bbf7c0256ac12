#!/usr/bin/env node
import * as nodeModule from 'node:module';

// Node 22.1 and later cache the compiled code. Only enabled here, where the process is our own, and before the rest is
// imported.
(nodeModule as {enableCompileCache?: () => unknown}).enableCompileCache?.();
// `ready` is called every few seconds as the health check of a container: it loads little.
if (process.argv[2] === 'ready') void import('./run-ready.ts');
else void import('./run-process.ts');
