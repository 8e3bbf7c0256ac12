import {invalidDescription} from '../base/errors.ts';
import type {FaultRule, NormalisedFaultRule} from '../model/fault.ts';
import {normaliseFaultRule, type ShapedFaultRule} from '../model/fault-rule.ts';
import {type FaultTarget, whyNever} from '../model/fault-target.ts';
import {find, type Place} from './place.ts';
import {type Partly, readShape} from './read-shape.ts';
import {faultRule} from './schema-fault.ts';

type FaultShapes = readonly (Partly<FaultRule> | undefined)[];

/**
 * Validates the faults of a description.
 *
 * @param target undefined: its listeners or back-ends could not be read, so it cannot be said what can fire.
 */
export function describeFaults(
	shapes: FaultShapes = [],
	target: FaultTarget | undefined,
	place: Place,
): readonly NormalisedFaultRule[] {
	return shapes.flatMap((shape, index) => {
		if (shape === undefined) return [];
		// The schema's own shape, with holes.
		const {rule, violations} = normaliseFaultRule(shape as ShapedFaultRule);
		for (const {path, message, hint} of violations) find(place, [index, ...path], {message, hint});
		const never = rule === undefined || violations.length > 0 ? undefined : target && whyNever(rule, target);
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
