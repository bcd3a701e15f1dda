// dialog.tsx - a modal dialog; the browser keeps the focus inside and closes it on Esc.
import type { ComponentChildren } from 'preact';
import { useId, useLayoutEffect, useRef } from 'preact/hooks';

interface Props {
	title: ComponentChildren;
	onClose(): void;
	children: ComponentChildren;
	isWide?: boolean;
}

export function Dialog({ title, onClose, children, isWide = false }: Props) {
	const ref = useRef<HTMLDialogElement>(null);
	const id = useId();
	useLayoutEffect(() => {
		const before = document.activeElement;
		ref.current?.showModal();
		return () => before instanceof HTMLElement && before.focus();
	}, []);
	return (
		<dialog
			ref={ref}
			class={isWide ? 'wide' : ''}
			aria-labelledby={id}
			onClose={onClose}
			onClick={(event) => event.target === ref.current && onClose()}
		>
			<div class="dialog-body">
				<header>
					<h2 id={id}>{title}</h2>
					<button class="quiet" aria-label="Close" onClick={onClose}>✕</button>
				</header>
				{children}
			</div>
		</dialog>
	);
}
