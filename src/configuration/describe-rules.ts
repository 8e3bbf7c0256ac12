import {domainToASCII} from 'node:url';
import {isInternational} from '../base/host-name.ts';
import {show} from '../base/quote.ts';
import {isHttp} from '../model/listener.ts';
import {violationsOfRules} from '../model/listener-rule.ts';
import type {NormalisedBackend, NormalisedListener} from '../model/normalised.ts';
import type {ScopedRule} from '../model/resolved.ts';
import {find, type Place} from './place.ts';
import type {Partly} from './read-shape.ts';
import type {RuleSpec} from './spec-balancing.ts';

/** What the rules of a load balancer may refer to. */
export interface RuleContext {
	/** Undefined: one of them could not be read, so it cannot be said which there are. */
	readonly listeners: readonly NormalisedListener[] | undefined;
	readonly backends: readonly NormalisedBackend[];
	/** Back-ends by every name that stands for them, registered with this load balancer or not. */
	readonly groups: ReadonlyMap<string, readonly NormalisedBackend[]>;
	/** Whether a name that nobody has may be that of a back-end which could not be read. */
	readonly mayBeBroken: (name: string) => boolean;
}

type RuleShapes = readonly (Partly<RuleSpec> | undefined)[];

/**
 * Validates which requests go to which back-ends.
 *
 * The cloud's API takes rules on a TCP listener, where none can ever match. Here that is a violation.
 */
export function describeRules(shapes: RuleShapes = [], context: RuleContext, place: Place): ScopedRule[] {
	if (shapes.length === 0) return [];
	const registered = new Set(context.backends.map(({name}) => name));
	const rules = shapes.map(ruleOf);
	const names = rules.flatMap(({to}) => to);
	const standsFor = (name: string) => context.groups.get(name)?.map(backend => backend.name) ?? [name];
	const known = new Set(registered);
	// What is validated below, or was found elsewhere, is no unknown name.
	for (const name of names) if (context.groups.has(name) || context.mayBeBroken(name)) known.add(name);

	for (const {path, message, hint} of violationsOfRules(rules, known)) {
		if (isWritten(shapes, path)) find(place, path, {message, hint});
	}
	for (const [index, {to}] of rules.entries()) {
		for (const [position, name] of to.entries()) {
			if (registered.has(name) || !context.groups.has(name) || standsFor(name).every(each => registered.has(each)))
				continue;
			find(place, [index, 'to', position], {
				message: `${show(name)} is not registered with this load balancer`,
				hint: 'add it to the `backends` of the load balancer',
			});
		}
	}
	for (const [index, {name}] of rules.entries()) validateName(name, index, place);
	if (context.listeners !== undefined) validateListeners(rules, context.listeners, place);
	return rules.map(rule => ({
		...rule,
		to: [...new Set(rule.to.flatMap(name => (registered.has(name) ? [name] : standsFor(name))))],
	}));
}

/** A rule whose missing parts stand for nothing: what is said of them is left out by `isWritten`. */
function ruleOf(shape: Partly<RuleSpec> = {}, index: number): ScopedRule {
	const {priority = -index, to = [], name, listener} = shape;
	// A pattern of the wrong type has been told, and is a pattern all the same.
	const host = 'host' in shape ? hostPattern(shape.host ?? '*') : undefined;
	const path = 'path' in shape ? (shape.path ?? '*') : undefined;
	return {priority, host, path, to: to.map((each, position) => each ?? `${position}`), name, listener};
}

/** A pattern that the `Host` of a request can match: labels beyond ASCII, wildcards apart, as clients send them. */
function hostPattern(pattern: string): string {
	if (!isInternational(pattern)) return pattern;
	const labels = pattern.split('.').map(label => (/[*?]/.test(label) ? label : domainToASCII(label) || label));
	return labels.join('.');
}

/** Whether there is a value under this path, or it was wrong by its type and has been told. */
function isWritten(shapes: RuleShapes, path: readonly (string | number)[]): boolean {
	let value: unknown = shapes;
	for (const key of path) {
		if (typeof value !== 'object' || value === null) return false;
		value = (value as Record<string | number, unknown>)[key]; // Keys of the model's own, on what `readShape` made.
	}
	return value !== undefined;
}

function validateListeners(rules: readonly ScopedRule[], listeners: readonly NormalisedListener[], place: Place): void {
	const ports = listeners.filter(({ports}) => isHttp(ports.protocol)).map(({ports}) => ports.port);
	if (ports.length === 0) {
		if (listeners.length === 0) return;
		find(place, [], {
			message: 'rules go with http and https listeners, and this load balancer has none',
			hint: 'hosts and paths are read where requests are; connections of tcp and ssl are passed on as they are',
		});
		return;
	}
	for (const [index, {listener}] of rules.entries()) {
		if (listener === undefined || ports.includes(listener)) continue;
		const other = listeners.find(({ports}) => ports.port === listener);
		const fault =
			other === undefined
				? `no listener has port ${listener}`
				: `rules go with http and https listeners, and the one on port ${listener} is ${other.ports.protocol}`;
		find(place, [index, 'listener'], {
			message: `${fault}; allowed ${ports.length === 1 ? 'is' : 'are'} ${ports.join(', ')}`,
		});
	}
}

/** *Guess*: OUTSCALE names no bound of ListenerRuleName. It stands in lines, so it must not end them. */
function validateName(name: string | undefined, index: number, place: Place): void {
	if (name === undefined || /^\P{Cc}{1,255}$/u.test(name)) return;
	find(place, [index, 'name'], {
		message: `${show(name)} is not a rule's name; allowed are 1 to 255 characters, no control characters`,
	});
}
