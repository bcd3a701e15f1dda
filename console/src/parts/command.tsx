// command.tsx - a command on one line, with a button that copies it.
import { useRef, useState } from 'preact/hooks';
import { visible } from '../text';

const SAID_MS = 2000;

export function Command({ text, label }: { text: string; label: string }) {
	const ref = useRef<HTMLElement>(null);
	const [said, setSaid] = useState('Copy');
	const copy = async () => {
		try {
			await navigator.clipboard.writeText(text);
			setSaid('Copied');
		} catch {
			getSelection()?.selectAllChildren(ref.current!);
			setSaid('Selected: Ctrl C');
		}
		setTimeout(() => setSaid('Copy'), SAID_MS);
	};
	return (
		<span class="command">
			<code ref={ref}>{visible(text)}</code>
			<button class="small" aria-label={`${said}: ${label}`} onClick={copy}>{said}</button>
		</span>
	);
}
