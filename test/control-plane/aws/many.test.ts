import test from 'ava';
import {readXml} from '../../helpers/aws-xml.ts';
import {startWithApi} from '../../helpers/emulator-scene.ts';
import {formOf, newLoadBalancer} from '../../helpers/in-memory-aws.ts';
import {refusalAt} from '../../helpers/ports.ts';

test('51 load balancers that all listen on port 80 exist at once, each at a port of its own', async t => {
	const {emulator} = await startWithApi(t);
	const call = async (action: string, parameters = {}) => {
		const answer = await fetch(emulator.endpoint, {
			method: 'POST',
			headers: {'Content-Type': 'application/x-www-form-urlencoded; charset=utf-8'},
			body: formOf(action, parameters),
		});
		const text = await answer.text();
		t.is(answer.status, 200, text);
		t.is(answer.headers.get('x-amzn-requestid'), readXml(text).value.ResponseMetadata.RequestId);
		return readXml(text).value[`${action}Result`];
	};
	const names = Array.from({length: 51}, (_, n) => `lb-${n}`);

	await Promise.all(names.map(name => call('CreateLoadBalancer', newLoadBalancer(name))));

	const bound = names.map(name => emulator.get(name).listeners.map(({port, boundPort}) => [port, boundPort]));
	t.true(bound.every(([listener]) => listener?.[0] === 80));
	const ports = bound.flat().map(([, port = 0]) => port);
	t.is(new Set(ports).size, 51);
	const statuses = await Promise.all(ports.map(async port => (await fetch(`http://127.0.0.1:${port}/`)).status));
	t.deepEqual(new Set(statuses), new Set([503]), 'they have no instances');
	const pages: string[] = [];
	for (let marker: string | undefined = ''; marker !== undefined; ) {
		const page = await call('DescribeLoadBalancers', {PageSize: 20, ...(marker === '' ? {} : {Marker: marker})});
		pages.push(page.LoadBalancerDescriptions.map((each: {LoadBalancerName: string}) => each.LoadBalancerName));
		marker = page.NextMarker;
	}
	t.deepEqual(pages.flat().sort(), [...names].sort());
	t.deepEqual(
		pages.map(({length}) => length),
		[20, 20, 11],
	);
	await Promise.all(names.map(name => call('DeleteLoadBalancer', {LoadBalancerName: name})));
	t.deepEqual(emulator.loadBalancers, []);
	t.deepEqual(new Set(await Promise.all(ports.map(refusalAt))), new Set(['ECONNREFUSED']));
});
