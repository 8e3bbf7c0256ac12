import {xmlText} from './xml-text.ts';

/** Whose API an answer is of. */
export type Service = 'elb' | 'elbv2' | 'iam';

/** As botocore's service models have them: IAM's begins with https, those of ELB with http. */
export const NAMESPACES: Readonly<Record<Service, string>> = {
	elb: 'http://elasticloadbalancing.amazonaws.com/doc/2012-06-01/',
	elbv2: 'http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/',
	iam: 'https://iam.amazonaws.com/doc/2010-05-08/',
};

interface ErrorOnWire {
	readonly status: number;
	readonly code: string;
	readonly message: string;
}

/**
 * An error as its clients read it: `RequestId` directly under the root. It is written here, with no library, because it
 * has to be there also when the rest of the API has not been loaded.
 *
 * @see botocore, QueryParser
 */
export function errorDocument({status, code, message}: ErrorOnWire, service: Service, requestId: string): string {
	const type = status < 500 ? 'Sender' : 'Receiver';
	return [
		'<?xml version="1.0" encoding="UTF-8"?>',
		`<ErrorResponse xmlns="${NAMESPACES[service]}">`,
		'  <Error>',
		`    <Type>${type}</Type>`,
		`    <Code>${code}</Code>`,
		`    <Message>${xmlText(message)}</Message>`,
		'  </Error>',
		`  <RequestId>${requestId}</RequestId>`,
		'</ErrorResponse>',
		'',
	].join('\n');
}
