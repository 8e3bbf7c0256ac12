import type {Advice} from './advice.ts';

/** A piece of advice as `/_lb/state` and the event have it: of an exchange only where it is found. */
export interface AdviceJson extends Omit<Advice, 'seen' | 'probe' | 'certificate'> {
	/** `GET /_lb/traffic/<load balancer>/<id>` has all of it, as long as it is kept. */
	readonly seen?: {readonly id: number; readonly seq: number};
	readonly probe?: ProbeJson;
	readonly certificate?: CertificateJson;
}

interface ProbeJson {
	readonly target: string;
	readonly address: string;
	readonly result: string;
	/** ISO 8601, UTC, as the dates below. */
	readonly at: string;
}

interface CertificateJson {
	readonly names: readonly string[];
	readonly notBefore: string;
	readonly notAfter: string;
	readonly fingerprint256: string;
}

export function adviceJson(advice: Advice): AdviceJson {
	const {code, loadBalancer, backend, listener, certainty, message, fix, count, seen, probe, certificate} = advice;
	return {
		code,
		loadBalancer,
		...(backend === undefined ? {} : {backend}),
		...(listener === undefined ? {} : {listener}),
		certainty,
		message,
		fix,
		count,
		...(seen === undefined ? {} : {seen: {id: seen.id, seq: seen.seq}}),
		...(probe === undefined ? {} : {probe: probeJson(probe)}),
		...(certificate === undefined ? {} : {certificate: certificateJson(certificate)}),
	};
}

function probeJson({target, address, result, atMs}: NonNullable<Advice['probe']>): ProbeJson {
	return {target, address, result, at: new Date(atMs).toISOString()};
}

function certificateJson({
	names,
	notBefore,
	notAfter,
	fingerprint256,
}: NonNullable<Advice['certificate']>): CertificateJson {
	return {names, notBefore: notBefore.toISOString(), notAfter: notAfter.toISOString(), fingerprint256};
}
