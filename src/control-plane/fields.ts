import {isPrivateKey, quote} from '../base/quote.ts';
import {alternatives, didYouMean} from '../base/suggest.ts';
import {Refusal, type RefusalCode} from '../model/refusal.ts';

/** How an API writes the values of a request: JSON has types, a form has nothing but text. */
export interface WireFormat {
	/** Each returns undefined for what is none. */
	text(value: unknown): string | undefined;
	integer(value: unknown): number | undefined;
	boolean(value: unknown): boolean | undefined;
	items(value: unknown): readonly unknown[] | undefined;
	entries(value: unknown): ReadonlyMap<string, unknown> | undefined;
	/** What a value is, for a sentence: `a number`. */
	kindOf(value: unknown): string;
	/** Where the item of a list stands, counted from 0: `Listeners[0]`. */
	itemAt(list: string, index: number): string;
	/** Whether a parameter that an action does not know is refused; otherwise it has no effect. */
	readonly refusesUnknown: boolean;
	/** Whether text that has to be there may be empty, as far as the form goes. */
	readonly allowsEmpty: boolean;
}

/**
 * What was found while a request was read. The cloud answers with one error: the first in this order, and among equals
 * the first that was met. What an operation refuses comes after all of them.
 */
const ORDER: readonly RefusalCode[] = ['UNKNOWN_PARAMETER', 'MISSING_PARAMETER', 'EMPTY_PARAMETER', 'WRONG_TYPE'];

/** More than any request has that somebody wrote. */
const MAX_UNREAD = 50;
const MAX_PATH = 100;

interface Found {
	readonly rank: number;
	readonly code: RefusalCode;
	readonly message: string;
	readonly subject: string | undefined;
}

/** Finds what is wrong with a request, and which of its fields have no effect here. */
export class Reading {
	readonly unread: string[] = [];
	readonly format: WireFormat;
	/** The one that is reported: a request may have hundreds of thousands of faults. */
	#worst: Found | undefined;

	constructor(format: WireFormat) {
		this.format = format;
	}

	/** Reads an object: every key that `read` does not ask for is unknown. */
	object<Value>(entries: ReadonlyMap<string, unknown>, path: string, read: (fields: Fields) => Value): Value {
		const fields = new Fields(entries, path, this);
		const result = read(fields);
		fields.meetUnknown();
		return result;
	}

	/** Reports a field that has no effect. What is reported is kept, so there is a bound to it. */
	ignore(path: string): void {
		if (this.unread.length >= MAX_UNREAD) return;
		const shown = path.length > MAX_PATH ? `${path.slice(0, MAX_PATH)}…` : path;
		this.unread.push(isPrivateKey(path) ? '(private key)' : shown);
	}

	/** @param message called if this is what is reported, as far as is known by then. */
	refuse(code: RefusalCode, message: () => string, subject?: string): void {
		const place = ORDER.indexOf(code);
		const rank = place === -1 ? ORDER.length : place;
		if (this.#worst !== undefined && this.#worst.rank <= rank) return;
		this.#worst = {rank, code, message: message(), subject};
	}

	/** @throws Refusal the first of those that were found. */
	finish(): void {
		if (this.#worst === undefined) return;
		const {code, message, subject} = this.#worst;
		throw new Refusal(code, message, subject);
	}
}

/**
 * The keys of one object of a request. Each method reads one; what is missing or of the wrong type is reported to the
 * `Reading`, and stood in for by something harmless, so that the rest is read as well.
 */
export class Fields {
	readonly #values: ReadonlyMap<string, unknown>;
	readonly #path: string;
	readonly #reading: Reading;
	readonly #format: WireFormat;
	readonly #asked = new Set<string>();
	#takesAll: boolean;

	constructor(values: ReadonlyMap<string, unknown>, path: string, reading: Reading) {
		this.#values = values;
		this.#path = path;
		this.#reading = reading;
		this.#format = reading.format;
		this.#takesAll = !reading.format.refusesUnknown;
	}

	has(name: string): boolean {
		return this.#values.has(name);
	}

	text(name: string): string | undefined {
		return this.#read(name, 'a string', value => this.#format.text(value));
	}

	/** Text, where '' says the same as nothing: forms, Terraform's provider and others send it for what is not there. */
	filledText(name: string): string | undefined {
		return this.text(name) || undefined;
	}

	requiredText(name: string): string {
		const text = this.#required(name, this.text(name));
		if (text === '' && !this.#format.allowsEmpty) {
			const path = this.#at(name);
			this.#reading.refuse('EMPTY_PARAMETER', () => `the parameter ${path} is empty`, path);
		}
		return text ?? '';
	}

	/** Text, or null, which differs from a field that is not there. */
	nullableText(name: string): string | null | undefined {
		if (this.#values.get(name) !== null) return this.text(name);
		this.#ask(name);
		return null;
	}

	/** A whole number that a double holds exactly or not: bounds are for those who know them. */
	integer(name: string): number | undefined {
		return this.#read(name, 'an integer', value => this.#format.integer(value));
	}

	requiredInteger(name: string): number {
		return this.#required(name, this.integer(name)) ?? 0;
	}

	boolean(name: string): boolean | undefined {
		return this.#read(name, 'a boolean', value => this.#format.boolean(value));
	}

	requiredBoolean(name: string): boolean {
		return this.#required(name, this.boolean(name)) ?? false;
	}

	texts(name: string): string[] | undefined {
		return this.#list(name, 'a list of strings', item => this.#format.text(item));
	}

	requiredTexts(name: string): string[] {
		return this.#filled(name, this.texts(name));
	}

	requiredIntegers(name: string): number[] {
		return this.#filled(
			name,
			this.#list(name, 'a list of integers', item => this.#format.integer(item)),
		);
	}

	object<Value>(name: string, read: (fields: Fields) => Value): Value | undefined {
		const entries = this.#read(name, 'an object', given => this.#format.entries(given));
		return entries && this.#reading.object(entries, this.#at(name), read);
	}

	requiredObject<Value>(name: string, read: (fields: Fields) => Value): Value {
		const value = this.#required(name, this.object(name, read));
		return value ?? read(new Fields(new Map(), this.#at(name), new Reading(this.#format)));
	}

	objects<Value>(name: string, read: (fields: Fields) => Value): Value[] | undefined {
		const items = this.#list(name, 'a list of objects', item => this.#format.entries(item));
		const at = (index: number) => this.#format.itemAt(this.#at(name), index);
		return items?.map((item, index) => this.#reading.object(item, at(index), read));
	}

	requiredObjects<Value>(name: string, read: (fields: Fields) => Value): Value[] {
		return this.#filled(name, this.objects(name, read));
	}

	/** One of the words that the API has for something, as what it stands for here. */
	word<Value>(
		name: string,
		words: ReadonlyMap<string, Value>,
		code: RefusalCode,
		given: string | undefined = this.text(name),
	): Value | undefined {
		if (given === undefined) return undefined;
		const value = words.get(given);
		if (value === undefined)
			this.refuse(code, name, () => `${quote(given)}; allowed are ${alternatives(words.keys())}`, given);
		return value;
	}

	/** Tells of a field that it has no effect here, where it is given. */
	withoutEffect(...names: readonly string[]): void {
		for (const name of names) {
			this.#ask(name);
			if (this.#values.has(name)) this.#reading.ignore(this.#at(name));
		}
	}

	/** Tells that part of a field's value has no effect here. */
	partWithoutEffect(name: string, part: string): void {
		this.#reading.ignore(`${this.#at(name)} (${part})`);
	}

	/** Takes every key that nobody asks for, and says that it has no effect. */
	othersWithoutEffect(): void {
		this.#takesAll = true;
	}

	refuse(code: RefusalCode, name: string, message: () => string, subject?: string): void {
		this.#reading.refuse(code, () => `${this.#at(name)}: ${message()}`, subject);
	}

	/** As `refuse()`, with a message that says where itself. */
	refuseWhole(code: RefusalCode, message: () => string, subject?: string): void {
		this.#reading.refuse(code, message, subject);
	}

	/** Where a key stands in the request: `Listeners.member.1.Protocol`. */
	pathOf(name: string): string {
		return this.#at(name);
	}

	/** What is left that nobody has asked for is refused, or has no effect. */
	meetUnknown(): void {
		for (const name of this.#values.keys()) {
			if (this.#asked.has(name)) continue;
			if (this.#takesAll) {
				this.#reading.ignore(this.#at(name));
				continue;
			}
			const message = () => {
				const hint = didYouMean(name, this.#asked);
				return `unknown parameter ${quote(this.#at(name))}${hint === undefined ? '' : `; ${hint}`}`;
			};
			this.#reading.refuse('UNKNOWN_PARAMETER', message, name);
		}
	}

	#ask(name: string): void {
		this.#asked.add(name);
	}

	#at(name: string): string {
		return this.#path === '' ? name : `${this.#path}.${name}`;
	}

	#read<Value>(name: string, what: string, readAs: (value: unknown) => Value | undefined): Value | undefined {
		this.#ask(name);
		if (!this.#values.has(name)) return undefined;
		const given = this.#values.get(name);
		const value = readAs(given);
		if (value === undefined) {
			const message = () => `${this.#format.kindOf(given)} was given where ${what} is wanted`;
			this.refuse('WRONG_TYPE', name, message, name);
		}
		return value;
	}

	#list<Item>(name: string, what: string, readAs: (item: unknown) => Item | undefined): Item[] | undefined {
		return this.#read(name, what, given => {
			const items = this.#format.items(given)?.map(readAs);
			return items?.every(item => item !== undefined) ? items : undefined;
		});
	}

	#required<Value>(name: string, value: Value | undefined): Value | undefined {
		if (value === undefined && !this.#values.has(name)) {
			this.#reading.refuse('MISSING_PARAMETER', () => `the parameter ${this.#at(name)} is required`, this.#at(name));
		}
		return value;
	}

	#filled<Value>(name: string, items: Value[] | undefined): Value[] {
		const value = this.#required(name, items) ?? [];
		if (items?.length === 0) {
			this.#reading.refuse(
				'MISSING_PARAMETER',
				() => `the parameter ${this.#at(name)} is empty; it needs at least one`,
				this.#at(name),
			);
		}
		return value;
	}
}
