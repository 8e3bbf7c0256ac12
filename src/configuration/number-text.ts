/** A number that was given as text, in a variable of the environment: it is text where text is asked for. */
export class NumberText {
	readonly text: string;

	constructor(text: string) {
		this.text = text;
	}
}
