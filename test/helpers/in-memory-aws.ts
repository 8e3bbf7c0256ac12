import {AwsDialect, type AwsOptions} from '../../src/control-plane/aws/dialect.ts';
import type {ApiAnswer, ApiCall} from '../../src/control-plane/dialect.ts';
import {readXml, type XmlValue} from './aws-xml.ts';
import {InMemoryOutscaleApi, type InMemoryOutscaleOptions} from './in-memory-outscale.ts';

export interface InMemoryAwsOptions extends Omit<InMemoryOutscaleOptions, 'authenticate'> {
	readonly dialect?: AwsOptions['dialect'];
	readonly authenticate?: AwsOptions['authenticate'];
}

/** Parameters by name, each as it is before it is encoded. */
export type Parameters = Readonly<Record<string, string | number | boolean>>;

/** The ELB and IAM APIs without a control port, over a data plane that moves no bytes. */
export class InMemoryAwsApi {
	/** The OUTSCALE API over the same account. */
	readonly outscale: InMemoryOutscaleApi;
	readonly dialect: AwsDialect;

	constructor({dialect, authenticate, ...options}: InMemoryAwsOptions = {}) {
		this.outscale = new InMemoryOutscaleApi({...options, cloud: dialect});
		this.dialect = new AwsDialect({store: this.store, dialect, authenticate});
	}

	get store(): InMemoryOutscaleApi['store'] {
		return this.outscale.store;
	}

	/** Sends a form as it is. */
	send(form: string): Promise<{readonly answer: ApiAnswer; readonly call: ApiCall}> {
		return this.dialect.answer({method: 'POST', path: '/', headers: new Map(), body: Buffer.from(form)});
	}

	call(action: string, parameters: Parameters = {}): Promise<{readonly answer: ApiAnswer; readonly call: ApiCall}> {
		return this.send(formOf(action, parameters));
	}

	/** Calls what must succeed: its result, lists as arrays and everything else as text. */
	async ok(action: string, parameters: Parameters = {}): Promise<XmlValue> {
		const {answer} = await this.call(action, parameters);
		if (answer.status !== 200) throw new Error(`${action}: ${answer.status} ${answer.body}`);
		return readXml(answer.body).value[`${action}Result`];
	}

	/** Calls what must be refused: `400 LoadBalancerNotFound: There is no …`. */
	async refusal(action: string, parameters: Parameters = {}): Promise<string> {
		const {answer} = await this.call(action, parameters);
		const error = readXml(answer.body).value.Error;
		return error === undefined ? `${answer.status}` : `${answer.status} ${error.Code}: ${error.Message}`;
	}
}

/** A request as clients write it. */
export function formOf(action: string, parameters: Parameters): string {
	const given = Object.entries(parameters).map(([name, value]) => [name, String(value)] as const);
	return new URLSearchParams({Action: action, Version: '2012-06-01', ...Object.fromEntries(given)}).toString();
}

/** The parameters of a creation: `web`, one HTTP listener on port 80, unless said otherwise. */
export function newLoadBalancer(name: string, more: Parameters = {}): Parameters {
	return {LoadBalancerName: name, 'AvailabilityZones.member.1': 'eu-west-2a', ...listener(1, 'HTTP', 80), ...more};
}

/** The parameters of the n-th listener, the same on both sides. */
export function listener(n: number, protocol: string, port: number, more: Parameters = {}): Parameters {
	const at = (name: string) => `Listeners.member.${n}.${name}`;
	const own = Object.entries(more).map(([name, value]) => [at(name), value]);
	return {
		[at('Protocol')]: protocol,
		[at('LoadBalancerPort')]: port,
		[at('InstancePort')]: port,
		...Object.fromEntries(own),
	};
}
