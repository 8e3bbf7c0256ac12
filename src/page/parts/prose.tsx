import {cut} from '../escape.ts';
import {Text} from './text.tsx';

/** A text of lb-local itself: what stands between backticks is code. Where one is alone, it is a character like others. */
export function Prose({of: text}: {readonly of: string}) {
	const parts = cut(text, 2000).split(/(`[^`]+`)/);
	return (
		<>
			{parts.map(part =>
				part.length > 2 && part.startsWith('`') && part.endsWith('`') ? (
					<code>
						<Text of={part.slice(1, -1)} most={part.length} />
					</code>
				) : (
					<Text of={part} most={part.length} />
				),
			)}
		</>
	);
}
