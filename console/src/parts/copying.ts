// copying.ts - text into the clipboard; where that is not allowed, selected, for the keyboard.
import { useRef, useState } from 'preact/hooks';

const SAID_MS = 2000;

/** said: what became of it, for a while. ref: what is selected where it cannot be copied. */
export function useCopy<T extends HTMLElement>(text: string) {
	const ref = useRef<T>(null);
	const [said, setSaid] = useState('');
	const copy = async () => {
		try {
			await navigator.clipboard.writeText(text);
			setSaid('Copied');
		} catch {
			getSelection()?.selectAllChildren(ref.current!);
			setSaid('Selected: Ctrl C');
		}
		setTimeout(() => setSaid(''), SAID_MS);
	};
	return { ref, said, copy };
}
