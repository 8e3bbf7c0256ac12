/** Makes a value at the first call and keeps it. Most fake back-ends, for example, never need their certificate. */
export function madeOnce<Value>(make: () => Value): () => Value {
	let made: {readonly value: Value} | undefined;
	return () => {
		made ??= {value: make()};
		return made.value;
	};
}
