// Assertions about what went through a load balancer: the entry `lb-local/assert` of the package.
export {assertDrained, assertNoLoss} from './assert/drained.ts';
export type {ExchangeSource} from './assert/given.ts';
export {assertHeader, assertNoHeader, assertRetried, type HeaderOptions} from './assert/one-exchange.ts';
export type {SeenCertificate} from './assert/seen-certificate.ts';
export {assertStickiness, type StickinessExpectation} from './assert/stickiness.ts';
export {
	assertPassthrough,
	assertTermination,
	type PassedThroughExchange,
	type SeenExpectation,
	type TerminatedExchange,
	type TlsExpectation,
} from './assert/tls.ts';
export {assertBalance, assertNoTraffic, assertOrder, type Spread} from './assert/traffic.ts';
export {assertWhy, type WhyExpectation} from './assert/why.ts';
