import test from 'ava';
import {AwsV4Signer} from 'aws4fetch';
import type {ApiRequest} from '../../../src/control-plane/dialect.ts';
import {authenticator} from '../../../src/control-plane/signature.ts';
import {readXml} from '../../helpers/aws-xml.ts';
import {InMemoryAwsApi} from '../../helpers/in-memory-aws.ts';

const ACCESS_KEY = 'AKIDEXAMPLE';
const SECRET_KEY = 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY';
const DATE = '20260801T120000Z';
const NOW = Date.parse('2026-08-01T12:00:00Z');
const DAY_MS = 86_400_000;

async function signed(secretAccessKey = SECRET_KEY, accessKeyId = ACCESS_KEY): Promise<ApiRequest> {
	const body = 'Action=ListServerCertificates&Version=2010-05-08';
	const signer = new AwsV4Signer({
		url: 'http://127.0.0.1:8089/',
		method: 'POST',
		headers: {'Content-Type': 'application/x-www-form-urlencoded; charset=utf-8'},
		body,
		accessKeyId,
		secretAccessKey,
		region: 'eu-west-2',
		service: 'iam',
		datetime: DATE,
	});
	const {headers} = await signer.sign();
	return {
		method: 'POST',
		path: '/',
		headers: new Map([...headers, ['host', '127.0.0.1:8089']]),
		body: Buffer.from(body),
	};
}

function withHeader(request: ApiRequest, name: string, value: string | undefined): ApiRequest {
	const headers = new Map(request.headers);
	if (value === undefined) headers.delete(name);
	else headers.set(name, value);
	return {...request, headers};
}

/** `200`, or how it is refused: `403 SignatureDoesNotMatch: The request …`. */
async function answerTo(request: ApiRequest, dialect: 'aws' | undefined, nowMs = NOW): Promise<string> {
	const credentials = new Map([[ACCESS_KEY, SECRET_KEY]]);
	const authenticate = authenticator(credentials, {nowMs: () => nowMs, takesFuture: dialect !== 'aws'});
	const {answer} = await new InMemoryAwsApi({dialect, authenticate}).dialect.answer(request);
	const {namespace, value} = readXml(answer.body);
	if (namespace !== 'https://iam.amazonaws.com/doc/2010-05-08/') throw new Error(answer.body);
	return answer.status === 200 ? '200' : `${answer.status} ${value.Error.Code}: ${value.Error.Message}`;
}

const NOT_VALIDATED =
	'401 AuthFailure: Outscale was not able to validate the provided access credentials. Invalid login/password or password has expired.';
const DIFFERS =
	'403 SignatureDoesNotMatch: The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.';

interface Asked {
	readonly request: (good: ApiRequest) => ApiRequest | Promise<ApiRequest>;
	readonly nowMs?: number;
	readonly lbu: string;
	readonly aws: string;
}

const CASES: Readonly<Record<string, Asked>> = {
	'a good signature': {request: good => good, lbu: '200', aws: '200'},
	'no signature': {
		request: good => withHeader(good, 'authorization', undefined),
		lbu: NOT_VALIDATED,
		aws: '403 MissingAuthenticationToken: Request is missing Authentication Token',
	},
	'an unknown access key': {
		request: () => signed(SECRET_KEY, 'AKIDOTHER'),
		lbu: NOT_VALIDATED,
		aws: '403 InvalidClientTokenId: The security token included in the request is invalid.',
	},
	'a wrong secret key': {request: () => signed('another'), lbu: DIFFERS, aws: DIFFERS},
	'a body that was changed': {
		request: good => ({...good, body: Buffer.from('Action=ListServerCertificates&Version=2010-05-08&X=1')}),
		lbu: DIFFERS,
		aws: DIFFERS,
	},
	'a signature of 800 s ago': {request: good => good, nowMs: NOW + 800_000, lbu: '200', aws: '200'},
	'a signature of yesterday': {
		request: good => good,
		nowMs: NOW + DAY_MS,
		lbu: "400 RequestExpired: the request was signed at 20260801T120000Z, 86400 s from this machine's time; at most 900 s are allowed",
		aws: '403 SignatureDoesNotMatch: Signature expired: 20260801T120000Z is now earlier than 20260802T114500Z (20260802T120000Z - 15 min.)',
	},
	'a signature of tomorrow': {
		request: good => good,
		nowMs: NOW - DAY_MS,
		lbu: '200',
		aws: '403 SignatureDoesNotMatch: Signature not yet current: 20260801T120000Z is still later than 20260731T121500Z (20260731T120000Z + 15 min.)',
	},
	'a signature of tomorrow with a wrong secret key': {
		request: () => signed('another'),
		nowMs: NOW - DAY_MS,
		lbu: DIFFERS,
		aws: '403 SignatureDoesNotMatch: Signature not yet current: 20260801T120000Z is still later than 20260731T121500Z (20260731T120000Z + 15 min.)',
	},
	'an empty date': {
		request: good => withHeader(good, 'x-amz-date', ''),
		lbu: '400 MissingParameter: the request has no date; x-amz-date has to be like 20260801T120000Z',
		aws: "400 IncompleteSignature: Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.",
	},
	'a date that is none': {
		request: good => withHeader(good, 'x-amz-date', 'today'),
		lbu: '400 InvalidParameterValue: the request has no date; x-amz-date has to be like 20260801T120000Z',
		aws: "400 IncompleteSignature: Date must be in ISO-8601 'basic format'. Got 'today'. See http://en.wikipedia.org/wiki/ISO_8601",
	},
	'a header that is no signature': {
		request: good => withHeader(good, 'authorization', 'Bearer x'),
		lbu: NOT_VALIDATED,
		aws: '400 IncompleteSignature: the Authorization header begins with "Bearer"; allowed are AWS4-HMAC-SHA256, OSC4-HMAC-SHA256 and Basic',
	},
};

for (const [what, {request, nowMs, lbu, aws}] of Object.entries(CASES)) {
	test(`${what} is answered as LBU does, and as AWS does`, async t => {
		const asked = await request(await signed());

		t.is(await answerTo(asked, undefined, nowMs), lbu);
		t.is(await answerTo(asked, 'aws', nowMs), aws);
	});
}
