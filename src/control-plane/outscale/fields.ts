import {isPrivateKey, quote} from '../../base/quote.ts';
import {alternatives, didYouMean} from '../../base/suggest.ts';
import {Refusal, type RefusalCode} from '../../model/refusal.ts';

/**
 * What was found while a request was read. The cloud answers with one error: the first in this order, and among equals
 * the first that was met. What an operation refuses comes after all of them.
 */
const ORDER: readonly RefusalCode[] = ['UNKNOWN_PARAMETER', 'MISSING_PARAMETER', 'WRONG_TYPE'];

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
	/** The one that is reported: a request may have hundreds of thousands of faults. */
	#worst: Found | undefined;

	/** Reads an object: every key that `read` does not ask for is unknown. */
	object<Value>(value: object, path: string, read: (fields: Fields) => Value): Value {
		const fields = new Fields(new Map(Object.entries(value)), path, this);
		const result = read(fields);
		fields.refuseUnknown();
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
	readonly #asked = new Set<string>();
	#takesAll = false;

	constructor(values: ReadonlyMap<string, unknown>, path: string, reading: Reading) {
		this.#values = values;
		this.#path = path;
		this.#reading = reading;
	}

	has(name: string): boolean {
		return this.#values.has(name);
	}

	text(name: string): string | undefined {
		return this.#read(name, 'a string', value => (typeof value === 'string' ? {value} : undefined));
	}

	requiredText(name: string): string {
		return this.#required(name, this.text(name)) ?? '';
	}

	/** Text, or null, which differs from a field that is not there. */
	nullableText(name: string): string | null | undefined {
		if (this.#values.get(name) !== null) return this.text(name);
		this.#ask(name);
		return null;
	}

	/** A whole number that a double holds exactly or not: bounds are for those who know them. */
	integer(name: string): number | undefined {
		return this.#read(name, 'an integer', value => (Number.isInteger(value) ? {value: Number(value)} : undefined));
	}

	requiredInteger(name: string): number {
		return this.#required(name, this.integer(name)) ?? 0;
	}

	boolean(name: string): boolean | undefined {
		return this.#read(name, 'a boolean', value => (typeof value === 'boolean' ? {value} : undefined));
	}

	texts(name: string): string[] | undefined {
		return this.#list(name, 'a list of strings', item => typeof item === 'string') as string[] | undefined; // Each was validated.
	}

	requiredTexts(name: string): string[] {
		return this.#filled(name, this.texts(name));
	}

	requiredIntegers(name: string): number[] {
		const items = this.#list(name, 'a list of integers', item => Number.isInteger(item));
		return this.#filled(name, items as number[] | undefined); // Each was validated.
	}

	object<Value>(name: string, read: (fields: Fields) => Value): Value | undefined {
		const value = this.#read(name, 'an object', given => (isObject(given) ? {value: given} : undefined));
		return value && this.#reading.object(value, this.#at(name), read);
	}

	requiredObject<Value>(name: string, read: (fields: Fields) => Value): Value {
		const value = this.#required(name, this.object(name, read));
		return value ?? read(new Fields(new Map(), this.#at(name), new Reading()));
	}

	objects<Value>(name: string, read: (fields: Fields) => Value): Value[] | undefined {
		const items = this.#list(name, 'a list of objects', isObject) as object[] | undefined; // Each was validated.
		return items?.map((item, index) => this.#reading.object(item, `${this.#at(name)}[${index}]`, read));
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

	/** Takes every key that nobody asks for, and says that it has no effect. */
	othersWithoutEffect(): void {
		this.#takesAll = true;
	}

	refuse(code: RefusalCode, name: string, message: () => string, subject?: string): void {
		this.#reading.refuse(code, () => `${this.#at(name)}: ${message()}`, subject);
	}

	refuseUnknown(): void {
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

	#read<Value>(
		name: string,
		what: string,
		validate: (value: unknown) => {readonly value: Value} | undefined,
	): Value | undefined {
		this.#ask(name);
		if (!this.#values.has(name)) return undefined;
		const value = this.#values.get(name);
		const validated = validate(value);
		if (validated === undefined)
			this.refuse('WRONG_TYPE', name, () => `${typeOf(value)} was given where ${what} is wanted`, name);
		return validated?.value;
	}

	#list(name: string, what: string, validate: (item: unknown) => boolean): unknown[] | undefined {
		return this.#read(name, what, value => (Array.isArray(value) && value.every(validate) ? {value} : undefined));
	}

	#required<Value>(name: string, value: Value | undefined): Value | undefined {
		if (value === undefined && !this.#values.has(name)) {
			this.#reading.refuse('MISSING_PARAMETER', () => `the parameter ${this.#at(name)} is required`, name);
		}
		return value;
	}

	#filled<Value>(name: string, items: Value[] | undefined): Value[] {
		const value = this.#required(name, items) ?? [];
		if (items?.length === 0) {
			this.#reading.refuse(
				'MISSING_PARAMETER',
				() => `the parameter ${this.#at(name)} is empty; it needs at least one`,
				name,
			);
		}
		return value;
	}
}

function isObject(value: unknown): value is object {
	return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function typeOf(value: unknown): string {
	if (value === null) return 'null';
	if (Array.isArray(value)) return 'a list';
	if (typeof value === 'number') return 'a number';
	return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}
