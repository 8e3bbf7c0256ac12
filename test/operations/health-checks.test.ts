import test from 'ava';
import {EmulatorError} from '../../src/base/errors.ts';
import {API_BOUNDS, AWS_BOUNDS, defaultHealthCheck, type HealthCheck} from '../../src/model/health-check.ts';
import {configureHealthCheck} from '../../src/operations/health-checks.ts';
import {accountLoadBalancer, accountWith, CONTEXT} from '../helpers/accounts.ts';

const CHECK: HealthCheck = {
	protocol: 'http',
	port: 8080,
	path: '/health',
	intervalMs: 10_000,
	timeoutMs: 5000,
	healthyThreshold: 3,
	unhealthyThreshold: 4,
};

function configured(changes: Partial<HealthCheck>, bounds = API_BOUNDS, loadBalancer = 'web') {
	const operation = configureHealthCheck({loadBalancer, healthCheck: {...CHECK, ...changes}, bounds});
	return operation(accountWith([accountLoadBalancer({healthCheck: defaultHealthCheck(80)})]), CONTEXT);
}

test('a health check takes the place of the one that there is', t => {
	t.deepEqual(configured({}).account.loadBalancers.get('web')?.healthCheck, CHECK);
	t.is(configured({intervalMs: 600_000}).result.healthCheck.intervalMs, 600_000);
});

const refused = test.macro({
	exec(t, changes: Partial<HealthCheck>, code: string, subject: string) {
		const error = t.throws<EmulatorError>(() => configured(changes, AWS_BOUNDS), {instanceOf: EmulatorError});
		t.is(error?.code, code);
		t.like(error, {subject});
	},
	title: (_, changes, code) => `${JSON.stringify(changes)} is refused: ${code}`,
});

test(refused, {intervalMs: 4000}, 'BAD_CHECK_INTERVAL', '4');
test(refused, {intervalMs: 301_000}, 'BAD_CHECK_INTERVAL', '301');
test(refused, {timeoutMs: 1000}, 'BAD_CHECK_TIMEOUT', '1');
test(refused, {timeoutMs: 61_000, intervalMs: 100_000}, 'BAD_CHECK_TIMEOUT', '61');
test(refused, {timeoutMs: 10_000}, 'CHECK_TIMEOUT_TOO_LONG', '');
test(refused, {timeoutMs: 20_000}, 'CHECK_TIMEOUT_TOO_LONG', '');
test(refused, {healthyThreshold: 1}, 'BAD_HEALTHY_THRESHOLD', '1');
test(refused, {healthyThreshold: 11}, 'BAD_HEALTHY_THRESHOLD', '11');
test(refused, {unhealthyThreshold: 1}, 'BAD_UNHEALTHY_THRESHOLD', '1');
test(refused, {unhealthyThreshold: 11}, 'BAD_UNHEALTHY_THRESHOLD', '11');
test(refused, {port: 0}, 'BAD_CHECK_TARGET', '');
test(refused, {path: 'health'}, 'BAD_CHECK_TARGET', '');
test(refused, {protocol: 'tcp'}, 'HEALTH_CHECK_PATH', '/health');

test('a load balancer that is not there has no health check', t => {
	const error = t.throws<EmulatorError>(() => configured({}, API_BOUNDS, 'x'), {instanceOf: EmulatorError});
	t.is(error?.code, 'NO_SUCH_LOAD_BALANCER');
});
