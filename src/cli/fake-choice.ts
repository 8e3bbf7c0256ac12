import {quote} from '../base/quote.ts';
import {alternatives, didYouMean} from '../base/suggest.ts';
import type {BackendSpec, ReplyStep} from '../configuration/spec-backend.ts';
import {TLS_DEFECTS, type TlsDefect} from '../model/tls-defect.ts';
import {usageError} from './exit-codes.ts';

/** A fake back-end to start. */
export interface FakeChoice {
	readonly behaviour: Extract<BackendSpec, {readonly kind: 'echo' | 'reply' | 'har' | 'tcp'}>;
	readonly label: string;
	readonly tls: boolean;
	/** What is wrong with its certificate. */
	readonly defect?: TlsDefect;
	/** 0 for a free one. */
	readonly port: number;
}

const FAKES = {
	echo: {kind: 'echo'},
	reply: {kind: 'reply'},
	'tcp-echo': {kind: 'tcp', mode: 'echo'},
	'tcp-sink': {kind: 'tcp', mode: 'sink'},
	'tcp-source': {kind: 'tcp', mode: 'source'},
	'tcp-banner': {kind: 'tcp', mode: 'banner'},
} as const satisfies Record<string, FakeChoice['behaviour']>;

/** Kind, what it answers, TLS with its defect, and port. */
const CHOICE = /^([a-z-]*)(?:=([^:+]*))?(?:(\+tls)(?:=([^:+]*))?)?(?::(.*))?$/i;
/** What may follow the path of a HAR file, which may have a ":" and a "+" itself. */
const AFTER_FILE = /(\+timings)?(?:(\+tls)(?:=([^:+/\\]*))?)?(?::(\d+))?$/i;

/**
 * Reads a fake back-end: `echo`, `echo:3000`, `tcp-echo+tls:7000`, `reply=503x2,200`, `echo+tls=expired`,
 * `har=session.har+timings`.
 *
 * @throws EmulatorError `USAGE`
 */
export function readFakeChoice(text: string): FakeChoice {
	if (/^har(?:$|[=+:])/i.test(text)) return readHarChoice(text);
	const [match, given = '', answers, tls, flaw, portText] = CHOICE.exec(text) ?? [];
	const label = given.toLowerCase();
	const kinds = [...Object.keys(FAKES), 'har'];
	const kind = kinds.find(known => known === label);
	if (match === undefined || kind === undefined) {
		throw usageError(
			`${quote(text)} is not a fake back-end; allowed are ${alternatives(kinds)}, each with "+tls" and ":port" if you like`,
			didYouMean(label, kinds),
		);
	}
	const choice = {label: kind, ...readCommon({tls, flaw, portText}, text)};
	// `kind` was found among the keys of FAKES.
	const behaviour = FAKES[kind as keyof typeof FAKES];
	if (answers === undefined) return {...choice, behaviour};
	if (behaviour.kind !== 'reply') {
		throw usageError(`${quote(text)}: only a "reply" takes answers after "="`, 'reply=503x2,200');
	}
	return {...choice, behaviour: {kind: 'reply', script: readScript(answers, text)}};
}

/** `har=FILE`, with `+timings`, `+tls` and `:port` behind it. */
function readHarChoice(text: string): FakeChoice {
	const [, given] = /^har=(.*)$/is.exec(text) ?? [];
	// Everything in it is optional, so it always matches.
	const [after = '', timings, tls, flaw, portText] = AFTER_FILE.exec(given ?? '') ?? [];
	const file = (given ?? '').slice(0, (given ?? '').length - after.length);
	if (file.trim() === '') {
		throw usageError(
			`${quote(text)} names no HAR file; write har=FILE, with "+timings", "+tls" and ":port" behind it if you like`,
			'har=session.har answers as recorded; har=session.har+timings:3000 in the recorded times, on port 3000.',
		);
	}
	const behaviour = {kind: 'har', file, ...(timings === undefined ? {} : {timings: true})} as const;
	return {behaviour, label: 'har', ...readCommon({tls, flaw, portText}, text)};
}

/** What follows every kind. */
function readCommon(
	{tls, flaw, portText}: Readonly<Record<'tls' | 'flaw' | 'portText', string | undefined>>,
	text: string,
): Pick<FakeChoice, 'tls' | 'defect' | 'port'> {
	const port = portText === undefined ? 0 : /^\d{1,5}$/.test(portText) ? Number(portText) : Number.NaN;
	if (!(port >= 0 && port <= 65_535)) {
		throw usageError(
			`${quote(portText ?? '')} in ${quote(text)} is not a port; allowed are 1 to 65535, or 0 for a free one`,
		);
	}
	const defect = flaw === undefined ? undefined : readDefect(flaw, text);
	return {tls: tls !== undefined, port, ...(defect === undefined ? {} : {defect})};
}

/** `503x2,200`: statuses in order, each with how often it is answered; the last one answers all that follow. */
function readScript(answers: string, text: string): ReplyStep[] {
	return answers.split(',').map(answer => {
		const [, status, times = '1'] = /^([2-5]\d\d)(?:x(\d{1,9}))?$/.exec(answer.trim()) ?? [];
		if (status === undefined || Number(times) === 0) {
			throw usageError(
				`${quote(answer)} in ${quote(text)} is not an answer; write a status from 200 to 599, and how often: 503x2`,
				'reply=503x2,200 answers 503 twice, and 200 from then on.',
			);
		}
		return {status: Number(status), times: Number(times)};
	});
}

function readDefect(flaw: string, text: string): TlsDefect {
	const defect = TLS_DEFECTS.find(each => each === flaw);
	if (defect !== undefined) return defect;
	throw usageError(
		`${quote(flaw)} in ${quote(text)} is not a defect of a certificate; allowed are ${alternatives(TLS_DEFECTS)}`,
		didYouMean(flaw, TLS_DEFECTS),
	);
}
