import * as v from 'valibot';
import {backend, backendOfConfig} from './schema-backend.ts';
import {accessLog, draining, healthCheck, rules} from './schema-balancing.ts';
import {account, control, vms} from './schema-control.ts';
import {faults} from './schema-fault.ts';
import {listener} from './schema-listener.ts';
import {backendName, count, duration, flag, KEY_IS_NAME, optional, text} from './schema-values.ts';
import type {Config, LoadBalancerSpec} from './spec.ts';

/**
 * The shapes of descriptions, for `readShape` and for the JSON Schema that editors read.
 *
 * Each schema's message completes the sentence "… is not": it says what is allowed, not what failed. What needs more
 * than one value to validate (a certificate on a TCP listener, a port used twice) is validated by `describe.ts`.
 */

const loadBalancerFields = {
	listeners: v.array(listener, 'a list of listeners'),
	address: optional('The loopback address to bind, such as 127.0.0.2.', text),
	healthCheck: optional('How back-ends are probed.', healthCheck),
	faithfulHealth: optional('A pending back-end needs as many passes as the cloud asks for, not just one.', flag),
	rules: optional('Which requests go to which back-ends.', rules),
	draining: optional('What is in flight may finish for so long when its back-end goes. Off unless said.', draining),
	securedCookies: optional('Adds Secure to cookies on HTTPS listeners.', flag),
	accessLog: optional('Access log lines go to this file, or folder. Paths are relative to this file.', accessLog),
	idleTimeout: optional('No bytes either way, on either side. 60s unless said otherwise.', duration),
	headTimeout: optional('A request head must be complete by then. 60s unless said otherwise.', duration),
	connectTimeout: optional('To connect to one back-end. 5s unless said otherwise.', duration),
	retry: v.exactOptional(v.picklist(['idempotent', 'never'], 'a retry policy; allowed are "idempotent" or "never"')),
	upgrade: v.exactOptional(v.picklist(['tunnel', 'refuse'], 'an upgrade policy; allowed are "tunnel" or "refuse"')),
	faults: optional('What goes wrong on purpose, armed before the first connection.', faults),
};
const LOAD_BALANCER = 'a load balancer; write {listeners, backends, …}';

/** One load balancer as the library takes it. */
export const loadBalancerSchema = v.strictObject(
	{
		name: v.exactOptional(text),
		...loadBalancerFields,
		backends: v.exactOptional(
			v.union([count, v.array(backend, 'a list of back-ends')], 'back-ends; write a list, or a number, 0 to 100'),
		),
	},
	LOAD_BALANCER,
);

const certificate = v.union(
	[
		v.pipe(
			v.strictObject({
				names: v.array(text, 'a list of names'),
				key: v.exactOptional(v.picklist(['ec', 'rsa'], 'a kind of key; allowed are "ec" or "rsa"')),
			}),
			v.description('Issued by the local authority for these names and addresses.'),
		),
		v.pipe(
			v.strictObject({cert: text, key: text, chain: v.exactOptional(text)}),
			v.description('Read from PEM files; paths are relative to this file.'),
		),
	],
	'a certificate; write {names} to issue one, or {cert, key, chain} with the paths of PEM files',
);

const loadBalancerOfConfig = v.pipe(
	v.strictObject(
		{
			...loadBalancerFields,
			backends: optional(
				'Names out of `backends`, in registration order.',
				v.array(backendName, 'a list of names out of `backends`'),
			),
		},
		LOAD_BALANCER,
	),
	v.metadata({refused: {name: KEY_IS_NAME}}),
);

/** The configuration file. */
export const configSchema = v.pipe(
	v.strictObject(
		{
			control: optional("The control port: the cloud's API and the emulator's own interface.", control),
			account: optional('What exists in the account around the load balancers.', account),
			vms: optional('What a VM id means when it comes through the API: an address, or a name of a back-end.', vms),
			certificates: optional('Certificates by name.', v.record(v.string(), certificate, 'certificates by name')),
			backends: optional('Back-ends by name.', v.record(v.string(), backendOfConfig, 'back-ends by name')),
			loadBalancers: optional(
				'Load balancers by name.',
				v.record(v.string(), loadBalancerOfConfig, 'load balancers by name'),
			),
		},
		'a configuration; write {control, certificates, backends, vms, loadBalancers}',
	),
	v.metadata({refused: {faults: 'has no place here: it goes into a load balancer'}}),
);

/** What the schemas let through is what the library's types promise; a difference does not compile. */
type Fits<Given extends Wanted, Wanted> = Given;
export type CheckedSpec = Fits<v.InferOutput<typeof loadBalancerSchema>, LoadBalancerSpec>;
export type CheckedConfig = Fits<v.InferOutput<typeof configSchema>, Config>;
