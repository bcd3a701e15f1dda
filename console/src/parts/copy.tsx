// copy.tsx - text to take along: shown whole, copied with one press.
import { useCopy } from './copying';

export function CopyBox({ text, label }: { text: string; label: string }) {
	const { ref, said, copy } = useCopy<HTMLPreElement>(text);
	return (
		<div class="copy">
			<pre ref={ref} tabIndex={0} aria-label={label}>{text}</pre>
			<p>
				<button onClick={copy}>Copy</button> <span role="status" class="muted">{said}</span>
			</p>
		</div>
	);
}
