import test from 'ava';
import {type Emulator, startEmulator} from '../../src/index.ts';
import {startVm, upload} from '../helpers/journey-vms.ts';
import type {Answered} from '../helpers/outscale-api.ts';
import {type Call, fetchSigned} from '../helpers/outscale-clients.ts';
import {sample} from '../helpers/pem-samples.ts';
import {refusalAt} from '../helpers/ports.ts';
import {type Asked, getOverTls} from '../helpers/tls-clients.ts';

const WEB = {LoadBalancerName: 'web'};
const NAMES = {Filters: {LoadBalancerNames: ['web']}};
const VMS = ['i-0000000a', 'i-0000000b'];

/** Terraform's provider waits through these: terraform-provider-outscale, resource_load_balancer.go. */
const PENDING = ['starting', 'provisioning', 'reloading', 'reconfiguring'];
const DELETE_PENDING = ['deleting', ...PENDING];

const root = sample({name: 'root', ca: true});
const made = upload('web.test', root);

/** The provider against an emulator: it reads until a state is what it waits for, and time passes between two reads. */
class Provider {
	readonly call: Call;
	readonly #emulator: Emulator;

	constructor(emulator: Emulator) {
		this.#emulator = emulator;
		this.call = fetchSigned({endpoint: emulator.endpoint, accessKey: 'A', secretKey: 'B'});
	}

	async untilActive(): Promise<Answered> {
		const shown = await this.#until(PENDING, shown => shown?.['State'] === 'active');
		return shown ?? {};
	}

	async untilGone(): Promise<void> {
		await this.#until(DELETE_PENDING, shown => shown === undefined);
	}

	/** Tries again while the load balancer is not ready, as the provider does on 6031. */
	async update(body: object): Promise<void> {
		for (let attempt = 0; attempt < 20; attempt++) {
			try {
				await this.call('UpdateLoadBalancer', {...WEB, ...body});
				return;
			} catch (error) {
				if (!/ 409 .*"6031"/.test(String(error))) throw error;
				await this.#emulator.clock.advance(300);
			}
		}
		throw new Error('it never was ready for an update');
	}

	async #until(
		pending: readonly string[],
		isReached: (shown: Answered | undefined) => boolean,
	): Promise<Answered | undefined> {
		for (let attempt = 0; attempt < 20; attempt++) {
			const [shown] = (await this.call('ReadLoadBalancers', NAMES))['LoadBalancers'];
			if (isReached(shown)) return shown;
			if (!pending.includes(shown?.State)) throw new Error(`unexpected state ${shown?.State}`);
			await this.#emulator.clock.advance(300);
		}
		throw new Error('it never got there');
	}
}

for (const lifecycle of ['0s', '1s'] as const) {
	test(`Terraform's calls, in its order, converge on real listeners when a change takes ${lifecycle}`, async t => {
		const [first, second] = [await startVm(t, 'first'), await startVm(t, 'second')];
		await using emulator = await startEmulator({
			port: 0,
			clock: 'manual',
			config: {
				control: {lifecycle},
				backends: {first: {host: '127.0.0.1', ports: first.ports}, second: {host: '127.0.0.1', ports: second.ports}},
				vms: {'i-0000000a': 'first', 'i-0000000b': 'second'},
			},
		});
		const provider = new Provider(emulator);
		const {call} = provider;
		const at = (port: number): Asked => ({port: emulator.get('web').port(port), ca: root.cert, name: 'web.test'});

		// server_certificate
		const {Body, PrivateKey, Chain} = made;
		const {ServerCertificate: uploaded} = await call('CreateServerCertificate', {Name: 'web', Body, PrivateKey, Chain});
		const {ServerCertificates: all} = await call('ReadServerCertificates');
		t.is(all.find((each: Answered) => each['Id'] === uploaded.Id)?.Orn, uploaded.Orn);

		// load_balancer
		const http = {BackendPort: 80, BackendProtocol: 'HTTP', LoadBalancerPort: 80, LoadBalancerProtocol: 'HTTP'};
		const https = {...http, LoadBalancerPort: 443, LoadBalancerProtocol: 'HTTPS', ServerCertificateId: uploaded.Orn};
		const placed = {SubregionNames: ['eu-west-2a'], Tags: [{Key: 'project', Value: 'a'}]};
		await call('CreateLoadBalancer', {...WEB, Listeners: [http, https], ...placed});
		await provider.update({SecuredCookies: true});
		await provider.untilActive();

		// load_balancer_vms
		await call('LinkLoadBalancerBackendMachines', {...WEB, BackendVmIds: VMS});
		t.deepEqual((await provider.untilActive())['BackendVmIds'], VMS);
		await emulator.get('web').settle();
		t.regex((await getOverTls(at(443), '/')).body, /^(first|second) https \/$/);

		// load_balancer_policy, load_balancer_attributes
		await call('CreateLoadBalancerPolicy', {...WEB, PolicyName: 'sticky', PolicyType: 'load_balancer'});
		const HealthCheck = {
			...{CheckInterval: 30, HealthyThreshold: 2, Timeout: 5, UnhealthyThreshold: 2},
			...{Path: '/', Port: 80, Protocol: 'HTTP'},
		};
		await provider.update({LoadBalancerPort: 443, PolicyNames: ['sticky'], HealthCheck});
		t.like(await provider.untilActive(), {HealthCheck});
		const [cookie = ''] = (await getOverTls(at(443), '/')).cookies;
		t.regex(cookie, /^AWSELB=.*; Secure/i, 'SecuredCookies');

		// load_balancer_listener_rule
		const rule = {Action: 'forward', ListenerRuleName: 'docs', Priority: 10, PathPattern: '/docs/*'};
		await call('CreateListenerRule', {
			Listener: {...WEB, LoadBalancerPort: 443},
			ListenerRule: {...rule, HostNamePattern: ''},
			VmIds: ['i-0000000b'],
		});
		t.is((await getOverTls(at(443), '/docs/a')).body, 'second https /docs/a');

		// An update of the load balancer: tags, then listeners, deleted and then created.
		const names = {LoadBalancerNames: ['web']};
		await call('DeleteLoadBalancerTags', {...names, Tags: [{Key: 'project'}]});
		await call('CreateLoadBalancerTags', {...names, Tags: [{Key: 'project', Value: 'b'}]});
		const gone = emulator.get('web').port(80);
		await call('DeleteLoadBalancerListeners', {...WEB, LoadBalancerPorts: [80]});
		await call('CreateLoadBalancerListeners', {...WEB, Listeners: [{...http, LoadBalancerPort: 8080}]});
		const shown = await provider.untilActive();
		t.deepEqual(
			shown['Listeners'].map((each: Answered) => each['LoadBalancerPort']),
			[443, 8080],
		);
		t.deepEqual(shown['Tags'], [{Key: 'project', Value: 'b'}]);
		const bound = [443, 8080].map(port => emulator.get('web').port(port));
		t.true(bound.includes(gone) || (await refusalAt(gone)) === 'ECONNREFUSED');
		t.is((await fetch(`http://127.0.0.1:${bound[1]}/`)).status, 200);

		// Everything goes, in the other order.
		await call('DeleteListenerRule', {ListenerRuleName: 'docs'});
		await provider.update({LoadBalancerPort: 443, PolicyNames: []});
		await call('DeleteLoadBalancerPolicy', {...WEB, PolicyName: 'sticky'});
		await call('UnlinkLoadBalancerBackendMachines', {...WEB, BackendVmIds: VMS});
		await call('DeleteLoadBalancer', WEB);
		await provider.untilGone();
		t.deepEqual(await Promise.all(bound.map(refusalAt)), ['ECONNREFUSED', 'ECONNREFUSED']);
		await call('DeleteServerCertificate', {Name: 'web'});
		t.deepEqual((await call('ReadServerCertificates'))['ServerCertificates'], []);
		t.deepEqual(emulator.loadBalancers, []);
		t.deepEqual(emulator.warnings, []);
	});
}
