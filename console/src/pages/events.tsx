// events.tsx - what happens on all assets.
import { useEffect } from 'preact/hooks';
import type { EventFilter } from '../events';
import { EventList } from '../parts/eventlist';
import { href, replace, route } from '../router';
import { visible } from '../text';

export function EventsPage() {
	useEffect(() => {
		document.title = 'Events · Bartizan';
	}, []);
	const { query } = route.value;
	const filter: EventFilter = { asset: query.get('asset'), kind: query.get('kind'), since: query.get('since'), until: query.get('until') };
	const set = (wanted: EventFilter) => replace(href(['events'], { ...wanted }));
	const find = (event: Event) => {
		event.preventDefault();
		const field = (event.currentTarget as HTMLFormElement).elements.namedItem('asset') as HTMLInputElement;
		set({ ...filter, asset: field.value.trim() || null });
	};
	return (
		<div class="page stack">
			<header class="page-head">
				<h1>Events</h1>
				<form class="find" onSubmit={find}>
					<input
						data-search
						type="search"
						name="asset"
						key={filter.asset}
						defaultValue={filter.asset ?? ''}
						placeholder="Only of the asset: name or id, Enter"
						aria-label="Only of this asset"
						spellcheck={false}
						title={filter.asset ? visible(filter.asset) : undefined}
					/>
				</form>
			</header>
			<EventList filter={filter} onFilter={set} />
		</div>
	);
}
