// choices.tsx - what lists are narrowed by: a text that is taken when typing pauses, a choice among some.
import { useEffect, useState } from 'preact/hooks';

const TYPING_MS = 200;

interface TypedProps {
	value: string | null;
	label: string;
	placeholder: string;
	isSearch?: boolean;
	onValue(value: string | null): void;
}

/** A text that is told when typing pauses. */
export function Typed({ value, label, placeholder, isSearch = false, onValue }: TypedProps) {
	const [text, setText] = useState(value ?? '');
	useEffect(() => setText(value ?? ''), [value]);
	useEffect(() => {
		if (text === (value ?? '')) {
			return undefined;
		}
		const timer = setTimeout(() => onValue(text || null), TYPING_MS);
		return () => clearTimeout(timer);
	}, [text]);
	return (
		<input
			{...(isSearch && { 'data-search': true })}
			type="search"
			aria-label={label}
			placeholder={placeholder}
			maxLength={200}
			spellcheck={false}
			value={text}
			onInput={(event) => setText(event.currentTarget.value)}
			onKeyDown={(event) => event.key === 'ArrowDown' && document.querySelector<HTMLElement>('.grid')?.focus()}
		/>
	);
}

interface ChoiceProps {
	label: string;
	value: string | null;
	options: readonly (readonly [value: string, title: string])[];
	onValue(value: string | null): void;
}

export function Choice({ label, value, options, onValue }: ChoiceProps) {
	return (
		<label>
			<span class="hidden">{label}</span>
			<select aria-label={label} class={value ? 'set' : ''} value={value ?? ''} onChange={(event) => onValue(event.currentTarget.value || null)}>
				<option value="">{label}: any</option>
				{options.map(([each, title]) => <option key={each} value={each}>{title}</option>)}
			</select>
		</label>
	);
}
