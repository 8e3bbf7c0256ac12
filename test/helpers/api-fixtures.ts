import {X509Certificate} from 'node:crypto';
import {readdirSync, readFileSync} from 'node:fs';
import {pem} from './project-certs.ts';

/** `case.json` of a fixture: where it is from, what is answered, and what comes before. */
export interface FixtureCase<Options> {
	readonly source: string;
	readonly status: number;
	readonly given?: readonly string[];
	readonly options?: Options & {readonly healthy?: readonly string[]};
}

/** The requests and answers of one API: a folder for each case in one for each action. */
export class ApiFixtures<Options> {
	readonly #folder: URL;
	/** `CreateLoadBalancer/http` and so on. */
	readonly names: readonly string[];

	constructor(api: 'aws' | 'outscale') {
		this.#folder = new URL(`../../fixtures/${api}/`, import.meta.url);
		this.names = readdirSync(this.#folder, {withFileTypes: true})
			.filter(entry => entry.isDirectory())
			.flatMap(({name}) => readdirSync(new URL(`${name}/`, this.#folder)).map(each => `${name}/${each}`));
	}

	/** The text of one of its files. */
	read(name: string, file: string): string {
		return readFileSync(new URL(`${name}/${file}`, this.#folder), 'utf8');
	}

	caseOf(name: string): FixtureCase<Options> {
		return JSON.parse(this.read(name, 'case.json'));
	}
}

/** The action that a case is of. */
export function actionOf(name: string): string {
	return name.split('/')[0] ?? '';
}

/** When a certificate of the project ends. */
export function endOf(file: string): Date {
	return new Date(new X509Certificate(pem(file)).validTo);
}
