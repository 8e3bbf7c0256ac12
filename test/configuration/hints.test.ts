import test from 'ava';
import {describeLoadBalancer} from '../../src/configuration/describe.ts';
import {describeConfig} from '../../src/configuration/describe-config.ts';

/** The hints that a description gives, and the faults that are left when what they ask for has been done. */
const describe = (spec: unknown) => describeLoadBalancer(spec, {certificateNames: ['web']});
const hintsOf = (result: object) =>
	'violations' in result ? [...(result.violations as {hint?: string}[])].map(({hint}) => hint) : [];

const ofLoadBalancer = test.macro({
	exec(t, wrong: object, hint: string, right: object) {
		t.deepEqual(hintsOf(describe({listeners: ['http:80'], ...wrong})), [hint]);
		t.deepEqual(hintsOf(describe({listeners: ['http:80'], ...right})), []);
		t.true('described' in describe({listeners: ['http:80'], ...right}));
	},
	title: (_, wrong) => `the hint on ${JSON.stringify(wrong)} works`,
});
test(ofLoadBalancer, {backends: 3000}, 'a server of your own is [3000]', {backends: [3000]});
test(ofLoadBalancer, {backends: '3000'}, 'a list of one is ["3000"]', {backends: ['3000']});
test(ofLoadBalancer, {backends: [':3000']}, 'did you mean "127.0.0.1:3000"?', {backends: ['127.0.0.1:3000']});
test(ofLoadBalancer, {backends: ['http://a.test:1/x']}, 'did you mean "a.test:1"?', {backends: ['a.test:1']});
test(ofLoadBalancer, {listeners: 'http:80'}, 'a list of one is ["http:80"]', {listeners: ['http:80']});
test(ofLoadBalancer, {listeners: ['htps:443']}, 'did you mean "https"?', {listeners: ['https:443']});
test(ofLoadBalancer, {retry: 'nevr'}, 'did you mean "never"?', {retry: 'never'});
test(ofLoadBalancer, {nam: 'web'}, 'did you mean "name"?', {name: 'web'});
test(ofLoadBalancer, {name: 5}, 'put it in quotes: "5"', {name: '5'});
test(ofLoadBalancer, {securedCookies: 'true'}, 'leave the quotes away', {securedCookies: true});
test(ofLoadBalancer, {address: 'localhost'}, 'did you mean "127.0.0.1"?', {address: '127.0.0.1'});
test(ofLoadBalancer, {backends: [{kind: 'address', host: '127.0.0.1:80'}]}, 'write {host: 127.0.0.1, port: 80}', {
	backends: [{kind: 'address', host: '127.0.0.1', port: 80}],
});
test(ofLoadBalancer, {backends: ['3000', 3000]}, 'write {kind: "address", name, host, port} to name it yourself', {
	backends: ['3000', {kind: 'address', name: 'other', host: '127.0.0.1', port: 3000}],
});
test(ofLoadBalancer, {backends: ['a.test', {kind: 'echo', name: 'a.test'}]}, 'give this one another name', {
	backends: ['a.test', {kind: 'echo', name: 'b'}],
});
test(
	ofLoadBalancer,
	{listeners: [{listen: 'https:443', certificate: ''}]},
	'leave `certificate` away to have one issued',
	{listeners: [{listen: 'https:443'}]},
);
test(ofLoadBalancer, {listeners: [{listen: 'https:443', certificate: 'wb'}]}, 'did you mean "web"?', {
	listeners: [{listen: 'https:443', certificate: 'web'}],
});
test(
	ofLoadBalancer,
	{listeners: [{listen: 'tcp:443', certificate: 'web'}]},
	'tcp passes TLS through to the back-ends, which hold the certificate; to end TLS here, listen on ssl',
	{listeners: [{listen: 'ssl:443', certificate: 'web'}]},
);

for (const written of [3000, '3000', '127.0.0.1:3000']) {
	test(`in a configuration the hint on the address ${JSON.stringify(written)} among names works`, t => {
		const loadBalancers = (name: unknown) => ({web: {listeners: ['http:80'], backends: [name]}});

		t.deepEqual(hintsOf(describeConfig({loadBalancers: loadBalancers(written)})), [
			'give the address a name under `backends`, and use the name here',
		]);
		t.true('config' in describeConfig({backends: {app: written}, loadBalancers: loadBalancers('app')}));
	});
}
