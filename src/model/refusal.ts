import {EmulatorError} from '../base/errors.ts';
import {isPrivateKey} from '../base/quote.ts';

/** Everything for which a cloud API refuses a call. Each dialect has its own status, code and type for each of them. */
export type RefusalCode =
	| 'ACCESS_DENIED'
	| 'ACCESS_KEY_UNKNOWN'
	| 'ACCESS_LOG_UNUSABLE'
	| 'BACKEND_NOT_REGISTERED'
	| 'BAD_CERTIFICATE_NAME'
	| 'BAD_CERTIFICATE_PATH'
	| 'BAD_CHECK_INTERVAL'
	| 'BAD_CHECK_TARGET'
	| 'BAD_CHECK_TIMEOUT'
	| 'BAD_COOKIE_NAME'
	| 'BAD_COOKIE_PERIOD'
	| 'BAD_DESYNC_MODE'
	| 'BAD_DRAINING_TIMEOUT'
	| 'BAD_HEALTHY_THRESHOLD'
	| 'BAD_HOST_PATTERN'
	| 'BAD_IDLE_TIMEOUT'
	| 'BAD_ID_PREFIX'
	| 'BAD_LISTENER_PORT'
	| 'BAD_LOG_PREFIX'
	| 'BAD_NAME'
	| 'BAD_PARAMETER_VALUE'
	| 'BAD_PATH_PATTERN'
	| 'BAD_POLICY_KIND'
	| 'BAD_POLICY_NAME'
	| 'BAD_RULE_ACTION'
	| 'BAD_RULE_NAME'
	| 'BAD_SCHEME'
	| 'BAD_SUBREGION'
	| 'BAD_UNHEALTHY_THRESHOLD'
	| 'BAD_VALUE'
	| 'BUG'
	| 'CERTIFICATE_IN_USE'
	| 'CERTIFICATE_NAME_TAKEN'
	| 'CERTIFICATE_NOT_ALLOWED'
	| 'CERTIFICATE_NOT_FOUND'
	| 'CERTIFICATE_UNREADABLE'
	| 'CHECK_TIMEOUT_TOO_LONG'
	| 'CROSSING_LAYERS'
	| 'DATA_PLANE_REFUSED'
	| 'DUPLICATE_TAG_KEYS'
	| 'EMPTY_TAG_KEY'
	| 'GROUPS_OUTSIDE_NET'
	| 'HEALTH_CHECK_PATH'
	| 'ILLEGAL_COMBINATION'
	| 'INSIDE_NET'
	| 'IP_IN_USE'
	| 'KEY_PAIR_MISMATCH'
	| 'LAST_SUBREGION'
	| 'LISTENER_PORT_TAKEN'
	| 'LOAD_BALANCER_NAME_TAKEN'
	| 'LOAD_BALANCER_NOT_READY'
	| 'MALFORMED_ID'
	| 'MISSING_PARAMETER'
	| 'NETWORK_MISMATCH'
	| 'NOT_SIGNED'
	| 'NO_INTERNET_SERVICE'
	| 'NO_PATTERN'
	| 'NO_SUCH_CERTIFICATE'
	| 'NO_SUCH_IP'
	| 'NO_SUCH_LISTENER'
	| 'NO_SUCH_LOAD_BALANCER'
	| 'NO_SUCH_POLICY'
	| 'NO_SUCH_RULE'
	| 'NO_SUCH_SECURITY_GROUP'
	| 'NO_SUCH_SUBNET'
	| 'OUTSIDE_NET'
	| 'PLACE_MISSING'
	| 'POLICY_ENABLED'
	| 'POLICY_NAME_TAKEN'
	| 'POLICY_NEEDS_HTTP'
	| 'PORT_UNAVAILABLE'
	| 'PRIORITY_TAKEN'
	| 'REQUEST_EARLY'
	| 'REQUEST_EXPIRED'
	| 'RULE_NAME_TAKEN'
	| 'SEVERAL_APPLICATION_POLICIES'
	| 'SEVERAL_DURATION_POLICIES'
	| 'SEVERAL_PLACES'
	| 'SEVERAL_POLICIES'
	| 'SIGNATURE_MALFORMED'
	| 'SIGNATURE_MISMATCH'
	| 'SIGNING_DATE_MISSING'
	| 'SIGNING_DATE_UNREADABLE'
	| 'SUBNETS_OF_SEVERAL_NETS'
	| 'SUBREGION_TAKEN'
	| 'TOO_LONG'
	| 'TOO_MANY_CERTIFICATES'
	| 'TOO_MANY_LISTENERS'
	| 'TOO_MANY_LOAD_BALANCERS'
	| 'TOO_MANY_RULES'
	| 'TOO_MANY_TAGS'
	| 'UNKNOWN_ACTION'
	| 'UNKNOWN_PARAMETER'
	| 'UNREADABLE_BODY'
	| 'VM_TERMINATED'
	| 'WRONG_TYPE';

/** A call that a cloud API refuses. What it was to change is as it was before. */
export class Refusal extends EmulatorError<RefusalCode> {
	/** What the refusal is about: the name or id that was given. The cloud's own sentences repeat it. */
	readonly subject: string;
	/** A second fact that a cloud's sentence repeats, such as the load balancer's name. */
	readonly of: string;

	/** @param message one sentence that names what was wrong and what is allowed; never a private key. */
	constructor(code: RefusalCode, message: string, subject = '', of = '') {
		super(code, message);
		this.subject = withoutKey(subject);
		this.of = withoutKey(of);
	}
}

function withoutKey(text: string): string {
	return isPrivateKey(text) ? '(private key)' : text;
}
