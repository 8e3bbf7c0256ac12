import type {Buffer} from 'node:buffer';
import type {Diagnosis} from '../../model/advice.ts';
import type {SeenCertificate} from './advice.ts';

/** A certificate that was shown, and what is to be said of it. */
export interface CertificateDiagnosis {
	readonly diagnosis: Diagnosis;
	readonly certificate: SeenCertificate;
}

/** What only those know who describe the load balancer. */
export interface AdviceSources {
	/** Whether a back-end is known to refuse connections without a PROXY line. */
	readonly requiresProxyLine: (backend: string) => boolean;
	/** Whether a back-end is known to speak TLS and nothing else. */
	readonly requiresTls: (backend: string) => boolean;
	/** What there is to say of the certificate that a listener shows to a client that asked for this name. */
	readonly ofCertificate: (
		port: number,
		about: {readonly asked: string | undefined; readonly isRefused: boolean; readonly wallMs: number},
	) => readonly CertificateDiagnosis[];
	/** What there is to say of the certificate that a back-end shows to a client through a TCP listener. */
	readonly ofBackendCertificate: (
		backend: string,
		about: {
			/** The listener's logical port. */
			readonly port: number;
			/** As they passed, the leaf first (DER); `hidden`: they were encrypted. */
			readonly sent: readonly Buffer[] | 'hidden';
			readonly asked: string | undefined;
			readonly wallMs: number;
		},
	) => readonly CertificateDiagnosis[];
}

/** Of a load balancer that nobody has described. */
export const NO_SOURCES: AdviceSources = {
	requiresProxyLine: () => false,
	requiresTls: () => false,
	ofCertificate: () => [],
	ofBackendCertificate: () => [],
};
