// command.tsx - a command on one line, with a button that copies it.
import { visible } from '../text';
import { useCopy } from './copying';

export function Command({ text, label }: { text: string; label: string }) {
	const { ref, said, copy } = useCopy<HTMLElement>(text);
	return (
		<span class="command">
			<code ref={ref}>{visible(text)}</code>
			<button class="small" aria-label={`${said || 'Copy'}: ${label}`} onClick={copy}>{said || 'Copy'}</button>
		</span>
	);
}
