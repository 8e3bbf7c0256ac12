/** What is made when it is asked for, and then kept: most fake back-ends never need their certificate. */
export function madeOnce<Value>(make: () => Value): () => Value {
	let made: {readonly value: Value} | undefined;
	return () => {
		made ??= {value: make()};
		return made.value;
	};
}
