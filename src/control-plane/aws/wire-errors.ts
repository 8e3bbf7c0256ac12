import {isPrivateKey} from '../../base/quote.ts';
import type {Refusal, RefusalCode} from '../../model/refusal.ts';
import {
	alreadyExists,
	badSigningDate,
	certificateInUse,
	duplicateListener,
	NO_SIGNING_DATE,
	NOT_VALIDATED,
	noActive,
	noCertificate,
	quotaExceeded,
	SIGNATURE_DIFFERS,
	signatureAhead,
	signatureExpired,
	unreadablePart,
} from './sentences.ts';

/** How the ELB and IAM APIs say that they refuse. */
export interface QueryError {
	readonly status: number;
	/** The name on the wire, which is not that of a client's exception: `LoadBalancerNotFound`. */
	readonly code: string;
	/** The cloud's own sentence, where it is known; else the refusal's own. */
	readonly text?: (said: Said) => string;
}

/** What a sentence of the cloud repeats. */
interface Said {
	/** What was given. */
	readonly subject: string;
	/** What it belongs to, or the parameter that it was given for. */
	readonly of: string;
}

type Text = QueryError['text'];

const error = (status: number, code: string, text?: Text): QueryError =>
	text === undefined ? {status, code} : {status, code, text};
const refused = (code: string, text?: Text) => error(400, code, text);
const invalid = (text?: Text) => refused('ValidationError', text);
const always = (text: string) => () => text;
/** Terraform's provider waits for the end of this sentence. */
const SAME_ZONE = 'ELB cannot be attached to multiple subnets in the same AZ.';
/** Where a VM is that is in no Net. */
const PUBLIC = 'Public Cloud';
const notAuthenticated = () => error(401, 'AuthFailure', always(NOT_VALIDATED));
const signatureMismatch = () => error(403, 'SignatureDoesNotMatch', always(SIGNATURE_DIFFERS));

/**
 * Every refusal as OUTSCALE's LBU and EIM put it. Observed there in 2020 and 2021, or in AWS's service model, where not
 * said otherwise; *guess*: the code fits the situation, and nobody has seen it there.
 */
export const LBU_ERRORS = {
	ACCESS_DENIED: error(403, 'AccessDenied'),
	ACCESS_KEY_UNKNOWN: notAuthenticated(),
	ACCESS_LOG_UNUSABLE: refused('InvalidConfigurationRequest', always('Bucket is unavailable for access log')),
	BACKEND_NOT_REGISTERED: refused('InvalidInstance', ({subject}) => `Instance ${subject} is not a valid instance`),
	BAD_BACKEND_PORT: invalid(always('Invalid port number, port must be in the range 1-65535')),
	BAD_CERTIFICATE_NAME: invalid(),
	BAD_CERTIFICATE_PATH: invalid(),
	BAD_CHECK_INTERVAL: invalid(), // the bounds are read before
	BAD_CHECK_TARGET: invalid(), // the sentences are AWS's
	BAD_CHECK_TIMEOUT: invalid(), // the bounds are read before
	BAD_COOKIE_NAME: invalid(), // guess
	BAD_COOKIE_PERIOD: invalid(), // guess
	BAD_DESYNC_MODE: invalid(), // the sentence is a guess
	BAD_DRAINING_TIMEOUT: invalid(), // the bounds are read before
	BAD_HEALTHY_THRESHOLD: invalid(always('Invalid healthy checks count, count must be between 2 and 10')),
	BAD_HOST_PATTERN: invalid(), // of the OUTSCALE API alone
	BAD_IDLE_TIMEOUT: invalid(), // the bounds are read before
	BAD_ID_PREFIX: malformedId(),
	BAD_LISTENER_PORT: invalid(always('Load balancer port must be in 1-65535 inclusive')),
	BAD_LOG_PREFIX: invalid(), // guess
	BAD_MARKER: invalid(), // guess
	BAD_NAME: invalid(({subject}) =>
		/^-|-$/.test(subject)
			? 'Loadbalancer name cannot begin or end with a hyphen'
			: 'Loadbalancer name must contain only alphanumeric characters or hyphens',
	),
	BAD_PARAMETER_VALUE: invalid(), // guess
	BAD_PATH_PATTERN: invalid(), // of the OUTSCALE API alone
	BAD_POLICY_ATTRIBUTE: refused('InvalidConfigurationRequest'), // guess
	BAD_POLICY_KIND: refused(
		'InvalidParameterValue',
		({subject}) =>
			`Value of parameter 'PolicyTypeName' is not valid: ${subject}. Supported values: ProxyProtocolPolicyType`,
	),
	BAD_POLICY_NAME: invalid(), // guess
	BAD_PROTOCOL: invalid(({subject}) => `Invalid protocol '${subject}', must be one of SSL, UDP, HTTP, TCP, HTTPS`),
	BAD_RULE_ACTION: invalid(), // of the OUTSCALE API alone
	BAD_RULE_NAME: invalid(), // of the OUTSCALE API alone
	BAD_SCHEME: refused(
		'InvalidParameterValue',
		({subject}) => `Value of parameter 'Scheme' is not valid: ${subject}. Supported values: internal, internet-facing`,
	),
	BAD_SUBREGION: invalid(({subject}) => `'${subject}' is not a valid availability zone`),
	BAD_UNHEALTHY_THRESHOLD: invalid(always('Invalid unhealthy checks count, count must be between 2 and 10')),
	BAD_VALUE: invalid(), // guess
	BUG: error(500, 'InternalFailure'),
	CERTIFICATE_IN_USE: error(409, 'DeleteConflict', ({subject, of}) => certificateInUse(subject, of)),
	CERTIFICATE_MISSING: refused('CertificateNotFound'),
	CERTIFICATE_NAME_TAKEN: error(409, 'EntityAlreadyExists', ({subject}) => alreadyExists(subject)),
	CERTIFICATE_NOT_ALLOWED: refused('InvalidConfigurationRequest'), // guess
	CERTIFICATE_NOT_FOUND: refused(
		'CertificateNotFound',
		({subject}) => `Server Certificate not found for the key: ${subject}`,
	),
	CERTIFICATE_TAGS_REPEAT: refused('InvalidInput'),
	CERTIFICATE_UNREADABLE: refused('MalformedCertificate'),
	CHECK_TIMEOUT_TOO_LONG: invalid(always('Interval must be greater than timeout')),
	CONSTRAINT: invalid(),
	CROSSING_LAYERS: invalid(), // guess
	DATA_PLANE_REFUSED: refused('InvalidConfigurationRequest'), // guess: the cloud has no such case
	DRY_RUN: refused('DryRunOperation', always('Request would have succeeded, but DryRun flag is set.')),
	DUPLICATE_TAG_KEYS: refused('DuplicateTagKeys'),
	EMPTY_PARAMETER: refused('MissingParameter', ({subject}) => `Parameter cannot be empty: ${subject}`),
	EMPTY_TAG_KEY: invalid(), // guess
	GROUPS_OUTSIDE_NET: invalid(always('Security groups are only applicable on ELB in VPC')),
	HEALTH_CHECK_PATH: invalid(), // guess
	ILLEGAL_COMBINATION: invalid(), // guess
	INSIDE_NET: refused('InvalidConfigurationRequest'), // guess
	IP_IN_USE: invalid(), // of the OUTSCALE API alone
	KEY_PAIR_MISMATCH: refused('KeyPairMismatch'),
	LAST_SUBREGION: refused('InvalidConfigurationRequest'),
	LISTENER_DIFFERS: refused('DuplicateListener', ({subject, of}) => duplicateListener(subject, of)),
	LISTENER_PORT_TAKEN: refused('DuplicateListener', ({subject, of}) => duplicateListener(subject, of)),
	LOAD_BALANCER_DIFFERS: refused(
		'DuplicateLoadBalancerName',
		({subject}) => `Load Balancer named '${subject}' already exists and it is configured with different parameters.`,
	),
	LOAD_BALANCER_NAME_TAKEN: refused(
		'DuplicateLoadBalancerName',
		({subject}) => `Load Balancer named '${subject}' already exists and it is not yet deleted.`,
	),
	LOAD_BALANCER_NOT_READY: refused('LoadBalancerNotFound', ({subject}) => noActive(subject)), // guess
	MALFORMED_ID: malformedId(),
	MISSING_ACTION: refused('MissingAction'),
	MISSING_PARAMETER: invalid(({subject}) =>
		subject === '' ? '' : `The request must contain the parameter ${subject}`,
	),
	MIXED_BACKEND_PORT: refused('InvalidConfigurationRequest'),
	NETWORK_MISMATCH: refused(
		'InvalidInstance', // the code is a guess
		({subject, of}) =>
			`LBU and Instance networks are different. LBU is in: ${of || PUBLIC}, while Instance is in: ${subject || PUBLIC}`,
	),
	NOT_SIGNED: notAuthenticated(),
	NO_INTERNET_SERVICE: refused('InvalidSubnet'), // guess
	NO_LISTENER_ON_BACKEND_PORT: refused('InvalidConfigurationRequest', always('No listener configured on this port')),
	NO_PATTERN: invalid(), // of the OUTSCALE API alone
	NO_SUCH_CERTIFICATE: error(404, 'NoSuchEntity', ({subject}) => noCertificate(subject)),
	NO_SUCH_IP: invalid(), // of the OUTSCALE API alone
	NO_SUCH_LISTENER: refused('ListenerNotFound'),
	NO_SUCH_ATTRIBUTE: refused('LoadBalancerAttributeNotFound'),
	NO_SUCH_LOAD_BALANCER: refused('LoadBalancerNotFound', ({subject, of}) =>
		of === 'tags' ? 'The specified load balancer does not exists.' : noActive(subject),
	),
	NO_SUCH_POLICY: refused(
		'PolicyNotFound',
		({subject, of}) => `There is no policy with name ${subject}${of === '' ? '' : ` for load balancer ${of}`}`,
	),
	NO_SUCH_RULE: invalid(), // of the OUTSCALE API alone
	NO_SUCH_SECURITY_GROUP: refused('InvalidSecurityGroup'),
	NO_SUCH_SUBNET: refused('SubnetNotFound'),
	OUTSIDE_NET: refused('InvalidConfigurationRequest'), // guess
	PLACE_MISSING: refused(
		'MissingParameter',
		always('Insufficient parameters provided out of: AvailabilityZones, subnets. Expected at least: 1'),
	),
	POLICY_ENABLED: refused('InvalidConfigurationRequest'),
	POLICY_MISPLACED: refused('InvalidConfigurationRequest', ({subject}) => `${subject} cannot be enabled`),
	POLICY_NAME_TAKEN: refused('DuplicatePolicyName', ({subject}) => `Policy Name [${subject}] already exists`),
	POLICY_NEEDS_HTTP: refused('InvalidConfigurationRequest'),
	POLICY_NEEDS_TLS: refused('InvalidConfigurationRequest'), // guess
	POLICY_UNUSABLE: refused('InvalidConfigurationRequest'), // guess: the cloud has no such case
	PORT_UNAVAILABLE: refused('InvalidConfigurationRequest'), // guess: the cloud has no such case
	PRIORITY_TAKEN: invalid(), // of the OUTSCALE API alone
	REQUEST_EARLY: refused('RequestExpired'), // guess: LBU takes them
	REQUEST_EXPIRED: refused('RequestExpired'),
	RULE_NAME_TAKEN: invalid(), // of the OUTSCALE API alone
	SEVERAL_APPLICATION_POLICIES: refused('InvalidConfigurationRequest'),
	SEVERAL_DURATION_POLICIES: refused('InvalidConfigurationRequest'),
	SEVERAL_NEGOTIATION_POLICIES: refused('InvalidConfigurationRequest'), // guess
	SEVERAL_PLACES: refused(
		'NotImplemented',
		always('Attaching load balancer to multiple availability zones is not yet implemented'),
	),
	SEVERAL_POLICIES: refused('InvalidConfigurationRequest'),
	SIGNATURE_MALFORMED: notAuthenticated(),
	SIGNATURE_MISMATCH: signatureMismatch(),
	SIGNING_DATE_MISSING: refused('MissingParameter'),
	SIGNING_DATE_UNREADABLE: refused('InvalidParameterValue'),
	SUBNETS_OF_SEVERAL_NETS: refused('InvalidSubnet'), // guess
	SUBREGION_TAKEN: refused('InvalidConfigurationRequest', always(SAME_ZONE)),
	TOO_LONG: invalid(({subject, of}) =>
		of === 'LoadBalancerName'
			? `Length of parameter 'LoadBalancerName' is invalid: ${subject.length}. Expected: set([(1, 32)]).`
			: '',
	),
	TOO_MANY_CERTIFICATES: error(409, 'LimitExceeded', ({subject}) => quotaExceeded(subject)),
	TOO_MANY_LISTENERS: invalid(), // guess
	TOO_MANY_LOAD_BALANCERS: refused('TooManyLoadBalancers'),
	TOO_MANY_RULES: invalid(), // of the OUTSCALE API alone
	TOO_MANY_TAGS: refused('TooManyTags'),
	UNKNOWN_ACTION: refused('InvalidAction', ({subject}) => `Action is not valid for this web service: ${subject}`),
	UNKNOWN_PARAMETER: invalid(), // unknown parameters have no effect in this API
	UNREADABLE_BODY: invalid(), // guess
	UNSUPPORTED_PROTOCOL: refused('UnsupportedProtocol'),
	VM_TERMINATED: refused(
		'InvalidInstance', // the code is a guess
		({subject}) => `Instances are not in a valid state for this operation: ${subject}. State: terminated`,
	),
	WRONG_TYPE: refused('OWS.Error', always('Request is not valid.')),
} satisfies Record<RefusalCode, QueryError>;

/** What AWS says otherwise, but for the status of `InvalidConfigurationRequest`. */
const AWS_ERRORS: Partial<Record<RefusalCode, QueryError>> = {
	ACCESS_KEY_UNKNOWN: error(
		403,
		'InvalidClientTokenId',
		always('The security token included in the request is invalid.'),
	),
	ACCESS_LOG_UNUSABLE: refused('InvalidConfigurationRequest'),
	BACKEND_NOT_REGISTERED: refused('InvalidInstance', ({subject}) => `Could not find EC2 instance ${subject}.`),
	BAD_ID_PREFIX: refused(''),
	BAD_POLICY_KIND: refused('PolicyTypeNotFound'),
	BAD_PROTOCOL: invalid(),
	BAD_SCHEME: refused('InvalidScheme'),
	CERTIFICATE_MISSING: invalid(always('Secure Listeners need to specify a SSLCertificateId')),
	CERTIFICATE_UNREADABLE: refused('MalformedCertificate', ({of}) => unreadablePart(of)),
	LOAD_BALANCER_DIFFERS: refused(
		'DuplicateLoadBalancerName',
		({subject, of}) => `Load Balancer named ${subject} already exists and it is configured with different ${of}.`,
	),
	PLACE_MISSING: invalid(always('Either AvailabilityZones or SubnetIds must be specified')), // the sentence is a guess
	NETWORK_MISMATCH: refused('InvalidInstance'),
	NO_SUCH_LOAD_BALANCER: refused('LoadBalancerNotFound', ({subject}) => noActive(subject)),
	NOT_SIGNED: error(403, 'MissingAuthenticationToken', always('Request is missing Authentication Token')),
	REQUEST_EXPIRED: error(403, 'SignatureDoesNotMatch', ({subject, of}) => signatureExpired(subject, of)),
	REQUEST_EARLY: error(403, 'SignatureDoesNotMatch', ({subject, of}) => signatureAhead(subject, of)),
	SEVERAL_PLACES: refused('InvalidConfigurationRequest'),
	SIGNATURE_MALFORMED: error(400, 'IncompleteSignature'),
	SIGNING_DATE_MISSING: refused('IncompleteSignature', always(NO_SIGNING_DATE)),
	SIGNING_DATE_UNREADABLE: refused('IncompleteSignature', ({subject}) => badSigningDate(subject)),
	WRONG_TYPE: invalid(),
};

/** The codes of ids that are malformed, by their prefix. */
const IDS: Readonly<Record<string, {readonly lbu: string; readonly aws: string}>> = {
	i: {lbu: 'InvalidInstanceID.Malformed', aws: 'InvalidInstance'}, // LBU's is a guess
	sg: {lbu: 'InvalidGroupId.Malformed', aws: 'InvalidSecurityGroup'}, // LBU's is a guess
	subnet: {lbu: 'InvalidSubnetID.Malformed', aws: 'InvalidSubnet'},
};

function malformedId(): QueryError {
	return refused('', ({subject, of}) => `Invalid ID received: ${subject}. Expected format: ${of}-`);
}

/** Whose answers are given where LBU's and AWS's differ. */
export type Cloud = 'lbu' | 'aws';

/** A refusal as this cloud puts it. */
export function queryErrorOf(refusal: Refusal, cloud: Cloud): {status: number; code: string; message: string} {
	const {code: given, message} = refusal;
	const {status, code, text}: QueryError = (cloud === 'aws' ? AWS_ERRORS[given] : undefined) ?? LBU_ERRORS[given];
	const said = {subject: shown(refusal.subject), of: shown(refusal.of)};
	const ofId = IDS[refusal.of]?.[cloud];
	return {
		// ELB service model, InvalidConfigurationRequestException: 409 on AWS; LBU was seen to answer 400.
		status: cloud === 'aws' && code === 'InvalidConfigurationRequest' ? 409 : status,
		code: code === '' ? (ofId ?? 'ValidationError') : code,
		// An empty sentence is none.
		message: text?.(said) || message,
	};
}

/** What a client repeats on a terminal is never a key that somebody pasted into the wrong place, nor of any length. */
function shown(subject: string): string {
	if (isPrivateKey(subject)) return '(private key)';
	return subject.length > 2048 ? `${subject.slice(0, 2048)}…` : subject;
}
