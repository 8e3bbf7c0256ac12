export type {Duration} from './base/duration.ts';
export {EmulatorError, type Violation} from './base/errors.ts';
export type {Authority, IssuedCertificate, IssueOptions} from './certificates/authority.ts';
export {createAuthority} from './certificates/authority.ts';
export type {ProxyHeader} from './codec/proxy-protocol.ts';
export {defineConfig} from './configuration/define-config.ts';
export type {
	BackendConfig,
	CertificateConfig,
	CertificateNames,
	Config,
	Listener,
	LoadBalancerConfig,
	LoadBalancerSpec,
} from './configuration/spec.ts';
export type {
	AddressBackend,
	BackendSpec,
	BackendTls,
	CommandBackend,
	EchoBackend,
	HandlerBackend,
	HarBackend,
	ProxyProtocolMode,
	ReplyAnswer,
	ReplyBackend,
	ReplyEvent,
	ReplyEvents,
	ReplyStep,
	SocketBackend,
	TcpBackend,
	TlsDefect,
} from './configuration/spec-backend.ts';
export type {
	AccessLogFileSpec,
	AccessLogFolderSpec,
	AccessLogSpec,
	ApplicationStickiness,
	DurationStickiness,
	HealthCheckSpec,
	HealthCheckTargetSpec,
	RuleSpec,
	StickinessSpec,
} from './configuration/spec-balancing.ts';
export type {FaultEvent} from './control-plane/admin/live.ts';
export type {HealthChange} from './data-plane/services.ts';
export type {ConnectOptions} from './emulator/client.ts';
export type {EmulatorClock} from './emulator/clock.ts';
export type {
	Backend,
	BackendStatus,
	CertificateAuthority,
	ListenerStatus,
	LoadBalancer,
} from './emulator/load-balancer.ts';
export type {EmulatorOptions, PortMode, RecordOptions} from './emulator/options.ts';
export {
	type Call,
	type Emulator,
	type EmulatorEvents,
	type Notice,
	type NoticeTopic,
	startEmulator,
	startLoadBalancer,
} from './emulator.ts';
export {proxyHeaderOf} from './fake-backends/proxy-header.ts';
export type {ArmedFault, Fault, FaultChange, FaultPlaceSpec, FaultRule} from './model/fault.ts';
export type {Health, HealthReason, OperatorSetting, ProbeResult, ServiceState, Transition} from './model/health.ts';
export type {ListenerSpec, Protocol} from './model/listener.ts';
export type {PemPair} from './model/resolved.ts';
export type {Advice, AdviceCode, Certainty, Evidence, SeenCertificate} from './observability/advice/advice.ts';
export type {Attempt, Exchange, ExchangeKind, Outcome, Peer, PeerTls} from './observability/exchange.ts';
export type {Traffic} from './observability/journal.ts';
export type {Message} from './observability/message.ts';
export {type Why, type WhyCandidate, type WhyRule, type WhySticky, whyText} from './observability/why.ts';
export type {Difference, Reloaded} from './operations/configure.ts';
