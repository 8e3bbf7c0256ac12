import test from 'ava';
import fc from 'fast-check';
import {dnsNameOf} from '../../src/model/dns-name.ts';

test('a DNS name is the name, nine digits, the region and the domain of OUTSCALE', t => {
	t.is(dnsNameOf('Shop', {seed: 0}), 'shop-100000000.eu-west-2.lbu.outscale.com');
	t.is(dnsNameOf('shop', {seed: 0, region: 'us-east-2'}), 'shop-100000000.us-east-2.lbu.outscale.com');
});

test('that of an internal load balancer says so in front', t => {
	t.is(dnsNameOf('shop', {seed: 0, internal: true}), 'internal-shop-100000000.eu-west-2.lbu.outscale.com');
});

test('the load balancers of one account share their digits, and other accounts have others', t => {
	const digits = (name: string, seed: number) => /-(\d+)\./.exec(dnsNameOf(name, {seed}))?.[1];

	t.is(digits('shop', 7), digits('web', 7));
	t.is(new Set(Array.from({length: 100}, (_, seed) => digits('shop', seed))).size, 100);
});

test('any seed gives nine digits, none of which is a leading zero', t => {
	t.notThrows(() =>
		fc.assert(
			fc.property(fc.integer(), seed => /^a-[1-9]\d{8}\.eu-west-2\.lbu\.outscale\.com$/.test(dnsNameOf('a', {seed}))),
		),
	);
});
