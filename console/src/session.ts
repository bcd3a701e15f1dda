// session.ts - who is signed in, and which tenant the page is about.
import { computed, signal } from '@preact/signals';
import { route } from './router';
import type { Session } from './types';

/** undefined: not asked yet; null: nobody. */
export const session = signal<Session | null | undefined>(undefined);

/** Why the sign-in page is shown, where it was not asked for. */
export const signedOutBecause = signal<string | null>(null);

/** The tenant that the page is about; empty before sign-in. */
export const tenant = computed(() => {
	const me = session.value;
	if (!me) {
		return '';
	}
	return (me.is_platform && route.value.query.get('tenant')) || me.tenant;
});
