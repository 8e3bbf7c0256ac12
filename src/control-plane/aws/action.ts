import type {Action} from '../action.ts';
import type {XmlElements} from './xml.ts';

/** An action; what it answers stands in its `Result` element. */
export type AwsAction = Action<XmlElements>;

export type AwsActions = readonly (readonly [name: string, action: AwsAction])[];
