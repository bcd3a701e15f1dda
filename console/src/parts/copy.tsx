// copy.tsx - text to take along: shown whole, copied with one press.
import { useRef, useState } from 'preact/hooks';

export function CopyBox({ text, label }: { text: string; label: string }) {
	const ref = useRef<HTMLPreElement>(null);
	const [said, setSaid] = useState('');
	const copy = async () => {
		try {
			await navigator.clipboard.writeText(text);
			setSaid('Copied');
		} catch {
			getSelection()?.selectAllChildren(ref.current!);
			setSaid('Selected: press Ctrl C');
		}
	};
	return (
		<div class="copy">
			<pre ref={ref} tabIndex={0} aria-label={label}>{text}</pre>
			<p>
				<button onClick={copy}>Copy</button> <span role="status" class="muted">{said}</span>
			</p>
		</div>
	);
}
