/**
 * The characters of `reg-name` (RFC 3986 section 3.2.2) except percent-encoded ones, the dot, and the comma, which
 * would make a list of hosts.
 */
const CHARACTER = "[A-Za-z0-9\\-_~!$&'()*+;=]";
/** A percent-encoded dot is equivalent: RFC 3986 section 6.2.2.2. */
const DOT = '(?:\\.|%2[Ee])';
/** Not empty: RFC 1034 section 3.1 allows an empty label only at the end of a name. */
const LABEL = `(?![.:]|%2[Ee]|$)${CHARACTER}*(?:%(?!2[Ee])[0-9A-Fa-f]{2}${CHARACTER}*)*`;
const HOST = new RegExp(`^(?:${LABEL}(?:${DOT}${LABEL})*${DOT}?|\\[[0-9A-Fa-f:.]+\\])(?::[0-9]{0,5})?$`);

/**
 * Whether a text is `uri-host [":" port]`: the syntax of a Host field and of the authority in a target.
 *
 * Stricter than the grammar in three points on which receivers differ: the host is not empty (RFC 9110 section 4.2.1),
 * it is not a list, and none of its labels is empty; one final dot is allowed.
 *
 * @see RFC 9110 section 7.2, RFC 3986 section 3.2.2
 */
export function isHostAndPort(text: string): boolean {
	return HOST.test(text);
}
