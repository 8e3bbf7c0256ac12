import {useEffect, useRef} from 'preact/hooks';
import {usePage} from './hooks.ts';

interface Props {
	readonly label: string;
	readonly placeholder: string;
	/** What was written wrong; nothing: empty. */
	readonly remark: string;
	readonly onFocus?: () => void;
}

/** What is looked for in the view that is shown: it stands in the address, so that a link can be sent. */
export function FilterField({label, placeholder, remark, onFocus}: Props) {
	const {store, route, go} = usePage();
	const field = useRef<HTMLInputElement>(null);
	useEffect(() => {
		if (store.seeksFilter) field.current?.focus();
		store.seeksFilter = false;
	}, []);
	return (
		<div class="filter">
			<label for="filter">{label}</label>
			<input
				id="filter"
				ref={field}
				type="search"
				value={route.filter}
				placeholder={placeholder}
				spellcheck={false}
				autocomplete="off"
				aria-describedby="filter-remarks"
				onFocus={onFocus}
				onInput={event => go({filter: event.currentTarget.value})}
			/>
			<span id="filter-remarks" class="remark">
				{remark}
			</span>
		</div>
	);
}
