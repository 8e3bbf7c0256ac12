/** Of `reg-name`, RFC 3986 section 3.2.2, what is neither percent-encoded nor a dot; nor a comma, which makes a list of hosts. */
const CHARACTER = "[A-Za-z0-9\\-_~!$&'()*+;=]";
/** A dot means the same percent-encoded: RFC 3986 section 6.2.2.2. */
const DOT = '(?:\\.|%2[Ee])';
/** Not empty: RFC 1034 section 3.1 has an empty label at the end of a name alone. */
const LABEL = `(?![.:]|%2[Ee]|$)${CHARACTER}*(?:%(?!2[Ee])[0-9A-Fa-f]{2}${CHARACTER}*)*`;
const HOST = new RegExp(`^(?:${LABEL}(?:${DOT}${LABEL})*${DOT}?|\\[[0-9A-Fa-f:.]+\\])(?::[0-9]{0,5})?$`);

/**
 * Whether a text is `uri-host [":" port]`: what a Host field and the authority of a target may say.
 *
 * Stricter than the grammar in three points, because receivers differ over them: the host is not empty (RFC 9110
 * section 4.2.1), it is not a list, and no label of it is empty; one dot may end it.
 *
 * @see RFC 9110 section 7.2, RFC 3986 section 3.2.2
 */
export function isHostAndPort(text: string): boolean {
	return HOST.test(text);
}
