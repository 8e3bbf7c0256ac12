const OTHER_THAN_HYPHEN = /[^a-z0-9-]/;
const ALL_BUT_LETTERS_AND_DIGITS = /[^a-z0-9]/g;

/**
 * Tells which field names pass for one of `names` where a server makes variables out of field names: CGI and WSGI write
 * `_` for `-`, so that `Content_Length` is read as `Content-Length`, and some servers write `_` for every character
 * that is neither a letter nor a digit.
 *
 * @param names lower-cased, with hyphens.
 * @returns a question to ask of a lower-cased name; of `names` themselves the answer is no.
 * @see RFC 3875 section 4.1.18, PEP 3333
 */
export function lookAlikesOf(names: readonly string[]): (name: string) => boolean {
	const imitated = new Set(names);
	return name => OTHER_THAN_HYPHEN.test(name) && imitated.has(name.replace(ALL_BUT_LETTERS_AND_DIGITS, '-'));
}
