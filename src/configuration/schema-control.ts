import * as v from 'valibot';
import {barePort, duration, flag, optional, text} from './schema-values.ts';

const controlPort = v.pipe(
	v.number('a port, or 0 for any free one'),
	v.check(port => Number.isInteger(port) && port >= 0 && port <= 65_535, 'a port, or 0 for any free one'),
	v.metadata({type: 'integer', minimum: 0, maximum: 65_535}),
);

/** The control port. */
export const control = v.strictObject(
	{
		port: optional('0 = any free one. 8089 or the next free one unless said otherwise.', controlPort),
		host: optional('An address of loopback. 127.0.0.1 unless said otherwise.', text),
		names: optional('Host names under which it may be reached, beside localhost.', v.array(text, 'a list of names')),
		credentials: optional(
			'Secret keys by access key. Given, signatures are verified.',
			v.record(v.string(), text, 'secret keys by access key'),
		),
		dialect: optional(
			"Whose answers the ELB and IAM APIs give: OUTSCALE's, with every action of AWS, unless said otherwise.",
			v.picklist(['outscale', 'aws'], 'a dialect of the ELB API; allowed are "outscale" or "aws"'),
		),
		strict: optional(
			'Takes uploaded private keys as RSA in PKCS#1 only, and bucket names by the rules of S3 only, as the cloud asks for.',
			flag,
		),
		lifecycle: optional('How long the states of a change show. 0 unless said otherwise.', duration),
		faithfulHealth: optional('Back-ends that the API registers need as many passes as the cloud asks for.', flag),
		accessLogs: optional('The folder below which each bucket of access logs is a folder.', text),
	},
	'the control port; write {port, credentials, …}',
);

const net = v.strictObject(
	{id: text, ipRange: v.exactOptional(text), internetService: v.exactOptional(flag)},
	'a Net; write {id, ipRange, internetService}',
);
const subnet = v.strictObject(
	{id: text, net: text, subregion: text, ipRange: v.exactOptional(text)},
	'a Subnet; write {id, net, subregion, ipRange}',
);
const securityGroup = v.strictObject(
	{id: text, name: text, net: v.exactOptional(text)},
	'a security group; write {id, name, net}',
);

/** What exists in the account. */
export const account = v.strictObject(
	{
		id: optional('12 digits.', text),
		region: optional('eu-west-2 unless said otherwise.', text),
		subregions: optional('Such as eu-west-2a.', v.array(text, 'a list of Subregions')),
		nets: v.exactOptional(v.array(net, 'a list of Nets')),
		subnets: v.exactOptional(v.array(subnet, 'a list of Subnets')),
		securityGroups: v.exactOptional(v.array(securityGroup, 'a list of security groups')),
		publicIps: optional("Addresses that are the account's own.", v.array(text, 'a list of addresses')),
	},
	'an account; write {id, region, subregions, nets, subnets, securityGroups, publicIps}',
);

const ADDRESS_OR_NAME = 'an address such as "127.0.0.1:3000", a port such as 3000, or a name out of `backends`';
/** What VM ids mean. */
export const vms = v.record(
	v.string(),
	v.union([text, barePort], ADDRESS_OR_NAME),
	'addresses, or names of back-ends, by VM id',
);
