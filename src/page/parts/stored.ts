// Settings of this browser. Where it keeps none, as in a private window or where it is full, they hold until the page is closed.

export function read(name: string): string | undefined {
	try {
		return document.documentElement.getAttribute(attribute(name)) ?? localStorage.getItem(name) ?? undefined;
	} catch {
		return undefined;
	}
}

/** Of the document, which is as old as the page. */
function attribute(name: string): string {
	return `data-${name}`;
}

export function write(name: string, value: string | undefined): void {
	try {
		if (value === undefined) localStorage.removeItem(name);
		else localStorage.setItem(name, value);
		document.documentElement.removeAttribute(attribute(name));
	} catch {
		document.documentElement.setAttribute(attribute(name), value ?? '');
	}
}
