import test from 'ava';
import {Identifiers} from '../../src/operations/identifiers.ts';

const make = (seed: number) => new Identifiers({seed, region: 'eu-west-2', accountId: '123456789012'});

test('identifiers have the forms of the cloud', t => {
	const ids = make(1);
	t.regex(ids.requestId(0), /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
	t.regex(ids.certificateId(0), /^[A-Z0-9]{30}$/);
	t.regex(ids.resourceId('i', 'api'), /^i-[0-9a-f]{8}$/);
	t.is(ids.certificateOrn({path: '/example/', name: 'a'}), 'orn:ows:idauth::123456789012:server-certificate/example/a');
	t.is(ids.dnsName('Web', true), 'internal-web-954435761.eu-west-2.lbu.outscale.com');
	t.is(ids.privateIp('198.18.1.0/24', 0), '198.18.1.4');
	t.is(ids.privateIp(undefined, 251), '10.0.0.5');
});

test('the same seed gives the same identifiers, another one others', t => {
	t.is(make(7).requestId(3), make(7).requestId(3));
	t.is(make(7).certificateId(3), make(7).certificateId(3));
	t.not(make(7).certificateId(3), make(8).certificateId(3));
	const requests = Array.from({length: 1000}, (_, serial) => make(1).requestId(serial));
	t.is(new Set(requests).size, 1000);
	const addresses = Array.from({length: 762}, (_, serial) => make(1).publicIp(serial));
	t.is(new Set(addresses).size, 762);
});
