/** A configuration that is given as text, YAML or JSON, and not as a file. Paths in it are relative to the working directory. */
export class ConfigText {
	readonly text: string;
	/** What messages call it, in place of the path of a file. */
	readonly name: string;

	constructor(text: string, name: string) {
		this.text = text;
		this.name = name;
	}
}
