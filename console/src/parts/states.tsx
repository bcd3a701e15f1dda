// states.tsx - loading, failed, empty: each says what to do.
import type { ComponentChildren } from 'preact';
import type { ApiError } from '../api';
import { visible } from '../text';

export function Loading({ what }: { what: string }) {
	return <p class="state loading" role="status">Loading {what}…</p>;
}

export function Failure({ error, retry }: { error: ApiError; retry?: () => void }) {
	return (
		<div class="state failure" role="alert">
			<p>{visible(error.message)}</p>
			{retry && <button onClick={retry}>Try again</button>}
		</div>
	);
}

export function Empty({ title, children }: { title: string; children?: ComponentChildren }) {
	return (
		<div class="state">
			<p class="title">{title}</p>
			{children && <p>{children}</p>}
		</div>
	);
}
