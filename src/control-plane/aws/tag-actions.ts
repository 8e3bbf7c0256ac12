import type {Tag} from '../../operations/tags.ts';
import type {Fields} from '../fields.ts';

/** AWS Classic ELB, Tag. */
export function readTag(fields: Fields): Tag {
	return {key: fields.requiredText('Key'), value: fields.text('Value')};
}
