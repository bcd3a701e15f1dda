// tags.tsx - an asset's tags: policies go by them.
import { useState } from 'preact/hooks';
import { type ApiError, asApiError, changeTags } from '../api';
import { visible } from '../text';
import { Failure } from './states';
import { Text } from './text';

export function Tags({ asset, tags, onChange }: { asset: string; tags: readonly string[]; onChange(tags: string[]): void }) {
	const [isAdding, setAdding] = useState(false);
	const [error, setError] = useState<ApiError | null>(null);
	const change = async (wanted: { add?: string[]; remove?: string[] }) => {
		try {
			onChange((await changeTags(asset, wanted)).tags);
			setError(null);
			setAdding(false);
		} catch (failure) {
			setError(asApiError(failure));
		}
	};
	const add = (event: Event) => {
		event.preventDefault();
		const field = (event.currentTarget as HTMLFormElement).elements.namedItem('tag') as HTMLInputElement;
		void change({ add: [field.value.trim()] });
	};
	return (
		<>
			<div class="tags">
				{tags.map((tag) => (
					<span key={tag} class="tag">
						<Text of={tag} />
						<button aria-label={`Remove the tag ${visible(tag)}`} onClick={() => change({ remove: [tag] })}>✕</button>
					</span>
				))}
				{isAdding
					? (
						<form onSubmit={add}>
							<input
								name="tag"
								aria-label="New tag"
								placeholder="a-z 0-9 _ . -"
								required
								autofocus
								maxLength={40}
								spellcheck={false}
								ref={(field) => field?.focus()}
								onKeyDown={(event) => event.key === 'Escape' && setAdding(false)}
							/>
							<button class="small">Add</button>
						</form>
					)
					: <button class="small" aria-label="Add a tag" onClick={() => setAdding(true)}>+ tag</button>}
			</div>
			{error && <Failure error={error} />}
		</>
	);
}
