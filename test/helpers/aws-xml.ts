import {DOMParser, type Element} from '@xmldom/xmldom';

/** What an element says: text, a list for its `member`s, or its elements by name. */
// biome-ignore lint/suspicious/noExplicitAny: an answer is XML of many shapes, and a test says which it expects.
export type XmlValue = any;

/** An XML document as the clients of AWS read it. @throws Error when it is not well-formed. */
export function readXml(text: string): {readonly root: string; readonly namespace: string; readonly value: XmlValue} {
	const refuse = (level: string, message: string) => {
		// It warns of U+FFFD, which stands there for what no document can have.
		if (level !== 'warning') throw new Error(`${level}: ${message} in ${text.slice(0, 2000)}`);
	};
	const root = new DOMParser({onError: refuse}).parseFromString(text, 'text/xml').documentElement;
	if (root === null) throw new Error(`no element in ${text.slice(0, 2000)}`);
	return {root: root.localName ?? '', namespace: root.namespaceURI ?? '', value: contentOf(root)};
}

function contentOf(element: Element): XmlValue {
	const children = [...element.childNodes].filter((node): node is Element => node.nodeType === node.ELEMENT_NODE);
	if (children.length === 0) return element.textContent ?? '';
	const names = new Set(children.map(({localName}) => localName));
	if (names.has('member')) return children.map(contentOf);
	return Object.fromEntries(children.map(child => [child.localName, contentOf(child)]));
}
