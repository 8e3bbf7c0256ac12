import {invalidDescription} from '../base/errors.ts';
import type {FaultRule, NormalisedFaultRule} from '../model/fault.ts';
import {normaliseFaultRule, type ShapedFaultRule} from '../model/fault-rule.ts';
import {type FaultTarget, whyNever} from '../model/fault-target.ts';
import type {RuleContext} from './describe-rules.ts';
import {find, type Place} from './place.ts';
import {type Partly, readShape} from './read-shape.ts';
import {faultRule} from './schema-fault.ts';

/** What faults may be armed for; undefined: its listeners could not be read, so it cannot be said what can fire. */
export function faultTarget({listeners, backends, mayBeBroken}: RuleContext): DescribedTarget | undefined {
	return (
		listeners && {
			listeners: listeners.map(({ports, verifyBackend}) => ({...ports, verifiesBackends: verifyBackend !== undefined})),
			backends: backends.map(({name}) => name),
			mayBeBroken,
		}
	);
}

type DescribedTarget = FaultTarget & Pick<RuleContext, 'mayBeBroken'>;
type FaultShapes = readonly (Partly<FaultRule> | undefined)[];

/** Validates the faults of a description. */
export function describeFaults(
	shapes: FaultShapes = [],
	target: DescribedTarget | undefined,
	place: Place,
): readonly NormalisedFaultRule[] {
	return shapes.flatMap((shape, index) => {
		if (shape === undefined) return [];
		// The schema's own shape, with holes.
		const {rule, violations} = normaliseFaultRule(shape as ShapedFaultRule);
		for (const {path, message, hint} of violations) find(place, [index, ...path], {message, hint});
		// A back-end that could not be read has been told.
		const isLost = rule?.on.kind === 'backend' && target?.mayBeBroken(rule.on.name);
		const isSound = rule !== undefined && violations.length === 0 && isLost !== true;
		const never = isSound ? target && whyNever(rule, target) : undefined;
		if (never !== undefined) find(place, [index, ...never.path], {message: never.message, hint: never.hint});
		return rule === undefined ? [] : [rule];
	});
}

/**
 * Reads one rule of unknown origin, as `inject()` and `/_lb/faults` are given it, and validates it by itself.
 *
 * @throws EmulatorError `INVALID_DESCRIPTION` with every violation.
 */
export function readFaultRule(given: unknown): NormalisedFaultRule {
	const {value, findings} = readShape(faultRule, given);
	if (value === undefined) throw invalidDescription('The fault', findings);
	// The schema's own shape, with holes.
	const {rule, violations} = normaliseFaultRule(value as ShapedFaultRule);
	const all = [...findings, ...violations];
	if (rule === undefined || all.length > 0) throw invalidDescription('The fault', all);
	return rule;
}
