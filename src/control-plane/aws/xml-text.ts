/** XML 1.0 section 2.2: most control characters cannot stand in a document, whatever their form. */
const UNWRITABLE = /[^\t\n\r\u{20}-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]/gu;

/** Text as it stands in an element. A carriage return as it is would be read as a line feed (XML 1.0 section 2.11). */
export function xmlText(text: string): string {
	return text
		.replaceAll('&', '&amp;')
		.replaceAll('<', '&lt;')
		.replaceAll('>', '&gt;')
		.replaceAll('\r', '&#xD;')
		.replaceAll(UNWRITABLE, '\u{fffd}');
}
