import {escapeReferences} from './interpolate.ts';
import type {Config} from './spec.ts';
import {NOT_WRITTEN} from './write-values.ts';

/** A written configuration, as this version has it or as another one sent it. */
type Written = Readonly<Record<string, unknown>> | Config;

/**
 * A written configuration as the text of a YAML file: what is not written stands in comments above it.
 *
 * @param title the first comment.
 */
export async function formatYaml(written: Written, title: string): Promise<string> {
	const {Document} = await import('yaml');
	const {sections, notWritten} = readWritten(written);
	// The schema that `yaml-document.ts` reads, so that what would be read as another type is quoted. No aliases.
	const options = {version: '1.2', schema: 'core', aliasDuplicateObjects: false} as const;
	const document = new Document(escapeReferences(sections), options);
	const told = notWritten.length === 0 ? [] : ['Not written as it is:', ...notWritten.map(each => `- ${each}`)];
	document.commentBefore = [title, ...told].map(line => ` ${oneLine(line)}`).join('\n');
	return document.toString({lineWidth: 0, flowCollectionPadding: false});
}

/** A written configuration as the text of a JSON file, which has no comments. */
export function formatJson(written: Written): string {
	return JSON.stringify(escapeReferences(written), undefined, '\t');
}

/** What a written configuration says, and what it says is not in it. */
export function readWritten(written: Written): {readonly sections: object; readonly notWritten: readonly string[]} {
	const {[NOT_WRITTEN]: left, ...sections}: Readonly<Record<string, unknown>> = {...written};
	return {sections, notWritten: Array.isArray(left) ? left.filter(each => typeof each === 'string') : []};
}

/** A comment ends with its line. */
function oneLine(text: string): string {
	return text.replaceAll(/[\p{Cc}\u2028\u2029]+/gu, ' ');
}
