import XmlBuilder from 'fast-xml-builder';
import {xmlText} from './xml-text.ts';

/** What XML can say: elements by name in their order; one that is undefined is left out. */
export type Xml = string | number | boolean | XmlElements | readonly Xml[];
export interface XmlElements {
	readonly [name: string]: Xml | undefined;
}

/** A list: its items are called `member`. It is there when it is empty, because clients ask for it. */
export function members(items: readonly Xml[]): Xml {
	return items.length === 0 ? '' : {member: items};
}

const builder = new XmlBuilder({
	attributeNamePrefix: '@',
	ignoreAttributes: false,
	format: true,
	suppressEmptyNode: true,
	// What is written is escaped here: quotes stay as they are, as in AWS's answers.
	processEntities: false,
});

/** A document with one element at its root, which declares the namespace of all. */
export function writeXml(root: string, namespace: string, elements: XmlElements): string {
	const document = {[root]: {'@xmlns': namespace, ...writableElements(elements)}};
	return `<?xml version="1.0" encoding="UTF-8"?>\n${builder.build(document)}`;
}

function writable(value: Xml): Xml {
	if (typeof value === 'string') return xmlText(value);
	if (isList(value)) return value.map(writable);
	// Lower-case booleans: botocore takes `True` for false.
	return typeof value === 'object' ? writableElements(value) : String(value);
}

function writableElements(elements: XmlElements): XmlElements {
	const entries = Object.entries(elements).flatMap(([name, value]) =>
		value === undefined ? [] : [[name, writable(value)] as const],
	);
	return Object.fromEntries(entries);
}

/** `Array.isArray` does not know of lists that are read-only. */
function isList(value: Xml): value is readonly Xml[] {
	return Array.isArray(value);
}
