/** Any will do where none are configured; these have the lengths of the cloud's, for clients that count. */
export const ACCESS_KEY = 'LBLOCALACCESSKEY0000';
export const SECRET_KEY = 'LBLOCALSECRETKEY000000000000000000000000';

/**
 * The environment variables that point the cloud's clients at a control port.
 *
 * @param isVerified whether credentials are configured: then they are the client's own to set.
 */
export function clientEnvironment({
	endpoint,
	region,
	isVerified,
}: {
	readonly endpoint: string;
	readonly region: string;
	readonly isVerified: boolean;
}): Record<string, string> {
	const api = `${endpoint}/api/v1`;
	return {
		// osc-sdk-python, osc-sdk-go 2 and 3, Terraform's provider from 1.6 on, oapi-cli (which adds the path once more).
		OSC_ENDPOINT_API: api,
		OSC_REGION: region,
		...(isVerified ? {} : {OSC_ACCESS_KEY: ACCESS_KEY, OSC_SECRET_KEY: SECRET_KEY}),
		// Terraform's provider up to 1.5.
		OUTSCALE_OAPI_URL: api,
		// The command line itself, in whatever directory.
		LB_LOCAL_ENDPOINT: endpoint,
	};
}

/** What is on this machine is asked without a proxy. */
const DIRECT = ['localhost', '127.0.0.1', '::1'];

/**
 * The environment variables that lead every client to the names of load balancers. Some clients read the upper case
 * alone, some the lower case.
 *
 * @param env what NO_PROXY says already stays.
 */
export function proxyEnvironment(
	endpoint: string,
	env: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
	const before = [env['NO_PROXY'], env['no_proxy']].flatMap(list => (list ?? '').split(',')).map(name => name.trim());
	const direct = [...new Set([...before.filter(name => name !== ''), ...DIRECT])].join(',');
	return {HTTPS_PROXY: endpoint, https_proxy: endpoint, NO_PROXY: direct, no_proxy: direct};
}
