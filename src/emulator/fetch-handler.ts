/** What an exchange of `fetch` can be made to do. */
export interface Control {
	readonly abort: (reason?: Error) => void;
	readonly pause: () => void;
	readonly resume: () => void;
}

/** What is reported of one exchange. */
export interface AnswerSink {
	/** Before anything is sent. It may abort at once. */
	start(): void;
	/** @param headers names and values in turn, as they were received. */
	head(status: number, headers: readonly Buffer[], statusText: string): void;
	data(chunk: Buffer): void;
	end(): void;
	fail(error: Error): void;
}

/** The handler of undici 6 and 7, in Node 20 to 24. */
interface EarlierHandler {
	onConnect(abort: Control['abort']): void;
	/** @returns whether it takes more at the moment; `resume` is called when it does again. */
	onHeaders(status: number, headers: readonly Buffer[], resume: () => void, statusText: string): boolean;
	onData(chunk: Buffer): boolean;
	onComplete(trailers: readonly string[]): void;
	onError(error: Error): void;
}

/** The handler of undici 8, in Node 26; it is given a controller and pauses by that. */
interface LaterHandler {
	onRequestStart(controller: Controller, context: object): void;
	onResponseStart(controller: Controller, status: number, headers: object, statusText: string): void;
	onResponseData(controller: Controller, chunk: Buffer): void;
	onResponseEnd(controller: Controller, trailers: object): void;
	onResponseError(controller: Controller, error: Error): void;
}

interface Controller extends Control {
	rawHeaders: readonly Buffer[];
}

/** Whichever of them the `fetch` of this Node is. @see undici, docs/api/Dispatcher.md, "DispatchHandler" */
export type FetchHandler = EarlierHandler | LaterHandler;

export function sinkFor(handler: FetchHandler, control: Control): AnswerSink {
	return 'onRequestStart' in handler ? laterSink(handler, control) : earlierSink(handler, control);
}

function earlierSink(handler: EarlierHandler, {abort, pause, resume}: Control): AnswerSink {
	return {
		start: () => handler.onConnect(abort),
		head: (status, headers, statusText) => {
			if (!handler.onHeaders(status, headers, resume, statusText)) pause();
		},
		data: chunk => {
			if (!handler.onData(chunk)) pause();
		},
		end: () => handler.onComplete([]),
		fail: error => handler.onError(error),
	};
}

function laterSink(handler: LaterHandler, control: Control): AnswerSink {
	const controller: Controller = {...control, rawHeaders: []};
	return {
		start: () => handler.onRequestStart(controller, {}),
		head: (status, headers, statusText) => {
			controller.rawHeaders = headers;
			handler.onResponseStart(controller, status, {}, statusText);
		},
		data: chunk => handler.onResponseData(controller, chunk),
		end: () => handler.onResponseEnd(controller, {}),
		fail: error => handler.onResponseError(controller, error),
	};
}
