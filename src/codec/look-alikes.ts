const OTHER_THAN_HYPHEN = /[^a-z0-9-]/;
const ALL_BUT_LETTERS_AND_DIGITS = /[^a-z0-9]/g;

/**
 * Finds field names that some servers confuse with one of `names` when they turn field names into variables: CGI and
 * WSGI write `_` for `-`, so that `Content_Length` is read as `Content-Length`, and some servers write `_` for every
 * character that is neither a letter nor a digit.
 *
 * @param names lower-cased, with hyphens.
 * @returns a function that takes a lower-cased name; it returns false for `names` themselves.
 * @see RFC 3875 section 4.1.18, PEP 3333
 */
export function lookAlikesOf(names: readonly string[]): (name: string) => boolean {
	const imitated = new Set(names);
	return name => OTHER_THAN_HYPHEN.test(name) && imitated.has(name.replace(ALL_BUT_LETTERS_AND_DIGITS, '-'));
}
