/** What opens an address in the user's browser. */
export interface Opener {
	readonly program: string;
	readonly args: readonly string[];
}

/**
 * The system's own opener; undefined where there is none to see a browser, such as in CI, over ssh or in a container.
 * `BROWSER` chooses a program, and `none` is nobody, as with other tools.
 */
export function openerFor(
	address: string,
	platform: NodeJS.Platform,
	env: Readonly<Record<string, string | undefined>>,
): Opener | undefined {
	const chosen = env['BROWSER'];
	if (chosen === 'none' || isSet(env['CI'])) return undefined;
	if (isSet(chosen)) return {program: chosen, args: [address]};
	switch (platform) {
		case 'darwin':
			return {program: 'open', args: [address]};
		case 'win32':
			return {program: 'rundll32', args: ['url.dll,FileProtocolHandler', address]};
		default:
			// Under WSL, a program of Windows can be started from Linux.
			if (isSet(env['WSL_DISTRO_NAME'])) return {program: 'explorer.exe', args: [address]};
			if (!isSet(env['DISPLAY']) && !isSet(env['WAYLAND_DISPLAY'])) return undefined;
			return {program: 'xdg-open', args: [address]};
	}
}

function isSet(value: string | undefined): value is string {
	return value !== undefined && value !== '';
}
