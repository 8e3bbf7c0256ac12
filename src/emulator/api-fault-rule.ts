import {invalidDescription, type Violation} from '../base/errors.ts';
import {quote} from '../base/quote.ts';
import {didYouMean} from '../base/suggest.ts';
import {readFaultRule} from '../configuration/describe-faults.ts';
import {API_ACTIONS} from '../control-plane/action-names.ts';
import type {NormalisedFaultRule} from '../model/fault.ts';
import {compilePattern, matchesPattern} from '../model/pattern.ts';

/**
 * Reads a rule for the cloud's APIs, and refuses one that can never fire.
 *
 * @throws EmulatorError `INVALID_DESCRIPTION` with every violation.
 */
export function readApiFaultRule(given: unknown): NormalisedFaultRule {
	const rule = readFaultRule(given);
	const violations = [whyNoPlace(rule), whyNoError(rule), whyNoAction(rule)];
	const found = violations.filter(violation => violation !== undefined);
	if (found.length > 0) throw invalidDescription('The fault', found);
	return rule;
}

function whyNoPlace({on}: NormalisedFaultRule): Violation | undefined {
	if (on.kind === 'api') return undefined;
	return {
		path: ['on'],
		message: `a fault of the emulator is "api": the cloud's API`,
		hint: `arm it with inject() of the load balancer that has the ${on.kind === 'backend' ? 'back-end' : 'listener'}`,
	};
}

function whyNoError({on, do: fault}: NormalisedFaultRule): Violation | undefined {
	if (on.kind !== 'api' || fault.kind !== 'status' || fault.status >= 400) return undefined;
	const message = `an error of the cloud's API has a status from 400 to 599, not ${fault.status}`;
	return {path: ['do', 'status'], message};
}

function whyNoAction({on, operation}: NormalisedFaultRule): Violation | undefined {
	if (on.kind !== 'api' || operation === undefined) return undefined;
	const pattern = compilePattern(operation, 'path');
	if ([...API_ACTIONS].some(action => matchesPattern(pattern, action))) return undefined;
	const message = `no action of the OUTSCALE, ELB and IAM APIs here is ${quote(operation)}, so it can never fire`;
	return {path: ['operation'], message, hint: didYouMean(operation, API_ACTIONS)};
}
