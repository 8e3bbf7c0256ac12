import type {Bounds} from '../../model/health-check.ts';
import type {Fields} from '../fields.ts';

/**
 * A number within the bounds of the service model, refused in AWS's own form otherwise: `1 validation error detected:
 * Value '0' at 'listeners.1.member.instancePort' failed to satisfy constraint: Member must have value greater than or
 * equal to 1`. OUTSCALE's LBU quotes exactly this form.
 */
export function bounded(fields: Fields, name: string, value: number | undefined, {min, max}: Bounds): void {
	if (value === undefined) return;
	if (value < min) refuse(fields, name, String(value), `Member must have value greater than or equal to ${min}`);
	if (value > max) refuse(fields, name, String(value), `Member must have value less than or equal to ${max}`);
}

/**
 * Text of a length within the bounds of the service model.
 *
 * @param shown what stands in the sentence for it.
 */
export function boundedLength(
	fields: Fields,
	name: string,
	text: string | undefined,
	{min, max}: Bounds,
	shown = text ?? '',
): void {
	if (text === undefined) return;
	if (text.length < min) refuse(fields, name, shown, `Member must have length greater than or equal to ${min}`);
	if (text.length > max) refuse(fields, name, shown, `Member must have length less than or equal to ${max}`);
}

/** A list of no more items than the service model has. */
export function boundedCount(fields: Fields, name: string, items: readonly string[], max: number): void {
	if (items.length <= max) return;
	refuse(fields, name, `[${items.join(', ')}]`, `Member must have length less than or equal to ${max}`);
}

/** The longest value that a sentence repeats. */
const MAX_SHOWN = 200;

function refuse(fields: Fields, name: string, value: string, rule: string): void {
	const shown = value.length > MAX_SHOWN ? `${value.slice(0, MAX_SHOWN)}…` : value;
	const message = () =>
		`1 validation error detected: Value '${shown}' at '${memberPath(fields.pathOf(name))}' failed to satisfy constraint: ${rule}`;
	fields.refuseWhole('CONSTRAINT', message, value);
}

/** `Listeners.member.1.InstancePort` as AWS writes it: `listeners.1.member.instancePort`. */
function memberPath(path: string): string {
	return path
		.replaceAll(/\bmember\.(\d+)/g, '$1.member')
		.split('.')
		.map(part => part.charAt(0).toLowerCase() + part.slice(1))
		.join('.');
}
