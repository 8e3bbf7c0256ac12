import type {AskedCertificate} from '../operations/certificates.ts';

/**
 * Reads how a cloud names a server certificate: `orn:ows:idauth` is OUTSCALE's form, `arn:aws:iam` AWS's, which stands in
 * older documents of OUTSCALE and in users' files as well. Every API takes both.
 *
 * @see OUTSCALE API 1.40, ServerCertificate.Orn; IAM API, ServerCertificateMetadata.Arn
 */
export function readCertificateReference(text: string | undefined): AskedCertificate | undefined {
	if (text === undefined) return undefined;
	const read = /^(?:orn:ows:idauth|arn:aws:iam)::(\d{12}):server-certificate(\/.*)$/s.exec(text);
	if (read === null) return {text, place: undefined};
	const [, accountId = '', resource = ''] = read;
	const nameAt = resource.lastIndexOf('/') + 1;
	return {text, place: {accountId, path: resource.slice(0, nameAt), name: resource.slice(nameAt)}};
}
