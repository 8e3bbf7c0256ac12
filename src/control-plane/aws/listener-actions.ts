import type {Protocol} from '../../model/listener.ts';
import {
	type AddListeners,
	ensureListeners,
	type NewListener,
	type RemoveListeners,
	removeListeners,
} from '../../operations/listeners.ts';
import {updateUnready} from '../../operations/update-load-balancer.ts';
import {mutation, ofLoadBalancer, ofName} from '../action.ts';
import {readCertificateReference} from '../certificate-reference.ts';
import type {Fields} from '../fields.ts';
import {PROTOCOLS} from '../words.ts';
import type {AwsActions} from './action.ts';
import {bounded} from './constraints.ts';
import type {Cloud} from './wire-errors.ts';

/** ELB 2012-06-01: listeners of load balancers. */
export function listenerActions(cloud: Cloud): AwsActions {
	const readAddition = (fields: Fields): AddListeners => ({
		loadBalancer: fields.requiredText('LoadBalancerName'),
		listeners: readListeners(fields, cloud),
	});
	return [
		['CreateLoadBalancerListeners', mutation(readAddition, ensureListeners, ofLoadBalancer)],
		['DeleteLoadBalancerListeners', mutation(readRemoval, removeListeners, ofLoadBalancer)],
		['SetLoadBalancerListenerSSLCertificate', mutation(readCertificate, updateUnready, ofName)],
	];
}

/** The listeners that are asked for; one at least. */
export function readListeners(fields: Fields, cloud: Cloud): NewListener[] {
	return fields.requiredObjects('Listeners', listener => readListener(listener, cloud));
}

function readListener(fields: Fields, cloud: Cloud): NewListener {
	const protocol = readProtocol(fields, 'Protocol', fields.requiredText('Protocol'), cloud) ?? 'http';
	const backendPort = fields.requiredInteger('InstancePort');
	if (fields.has('InstancePort')) bounded(fields, 'InstancePort', backendPort, {min: 1, max: Number.MAX_SAFE_INTEGER});
	const backendProtocol = readProtocol(fields, 'InstanceProtocol', fields.text('InstanceProtocol') ?? '', cloud);
	const certificate = fields.text('SSLCertificateId');
	const isSecure = protocol === 'https' || protocol === 'ssl';
	return {
		protocol,
		port: fields.requiredInteger('LoadBalancerPort'),
		// The protocol in front, where there is none (*guess* for HTTPS and SSL).
		backendProtocol: backendProtocol ?? protocol,
		backendPort,
		// On TCP and HTTP listeners AWS discards it, and shows nothing of it.
		certificate: isSecure && certificate !== '' ? readCertificateReference(certificate) : undefined,
	};
}

function readProtocol(fields: Fields, name: string, given: string, cloud: Cloud): Protocol | undefined {
	if (given === '') return undefined;
	const upper = given.toUpperCase();
	// In any case on the way in, in upper case on the way out.
	const protocol = PROTOCOLS.get(upper);
	if (protocol !== undefined) return protocol;
	if (upper === 'UDP' && cloud === 'lbu') {
		const message = () => 'UDP listeners, which the cloud has, are not emulated; allowed are HTTP, HTTPS, TCP and SSL';
		fields.refuse('UNSUPPORTED_PROTOCOL', name, message, given);
	} else fields.refuse('BAD_PROTOCOL', name, () => `${given.slice(0, 40)} is not a protocol`, given);
	return undefined;
}

function readRemoval(fields: Fields): RemoveListeners {
	const ports = fields.requiredIntegers('LoadBalancerPorts');
	return {loadBalancer: fields.requiredText('LoadBalancerName'), ports, toleratesUnknown: true};
}

function readCertificate(fields: Fields) {
	return {
		name: fields.requiredText('LoadBalancerName'),
		port: fields.requiredInteger('LoadBalancerPort'),
		certificate: readCertificateReference(fields.requiredText('SSLCertificateId')),
	};
}
