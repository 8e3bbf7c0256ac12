// The load balancer of `bench/traffic.mjs`, with the build in the folder of its argument. Asked over IPC for its CPU time.
// RECORD (1000): how many exchanges it keeps.
import {syncBuiltinESMExports} from 'node:module';
import path from 'node:path';
import timers from 'node:timers';
import {pathToFileURL} from 'node:url';

const [, , build, backendPort] = process.argv;
// Where everything takes longer, as under valgrind, intervals are made as much longer.
const slowness = Number(process.env.SLOWNESS ?? 1);
const {setInterval} = timers;
timers.setInterval = (task, ms, ...args) => setInterval(task, ms * slowness, ...args);
syncBuiltinESMExports();
const {startEmulator} = await import(pathToFileURL(path.join(build, 'dist/index.js')).href);
const emulator = await startEmulator({port: 0, record: {exchanges: Number(process.env.RECORD ?? 1000)}});
const lb = await emulator.create({
	name: 'web',
	listeners: ['http:80'],
	backends: ['a', 'b', 'c'].map(name => ({kind: 'address', name, host: '127.0.0.1', port: Number(backendPort)})),
});
process.on('message', () => {
	const {user, system} = process.cpuUsage();
	process.send((user + system) / 1000);
});
process.on('disconnect', () => process.exit());
process.send({port: lb.port(80), endpoint: emulator.endpoint});
