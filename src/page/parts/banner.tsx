/** Says who else may change everything, where the page is opened by a name that others may know. */
export function Banner() {
	return (
		<p class="banner">
			Opened as {location.hostname}, which is no address of this machine alone: whoever reaches it by that name can
			change everything here.
		</p>
	);
}
