import {usePage} from './hooks.ts';

interface Props {
	readonly text: string;
	/** What is copied, for those who do not see where the button stands. */
	readonly what: string;
	readonly children?: string;
}

export function CopyButton({text, what, children = 'Copy'}: Props) {
	const {copy} = usePage();
	return (
		<button type="button" class="small" aria-label={`Copy ${what}`} onClick={() => copy(text, what)}>
			{children}
		</button>
	);
}
