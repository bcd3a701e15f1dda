// theme.ts - light or dark: as the system says until the person says otherwise.
import { computed, effect, signal } from '@preact/signals';
import { recall, remember } from './remember';

export type Theme = 'auto' | 'light' | 'dark';

const systemDark = matchMedia('(prefers-color-scheme: dark)');
const isSystemDark = signal(systemDark.matches);
systemDark.addEventListener('change', () => (isSystemDark.value = systemDark.matches));

export const theme = signal<Theme>(recall<Theme>('theme', 'auto'));
export const isDark = computed(() => (theme.value === 'auto' ? isSystemDark.value : theme.value === 'dark'));

export function toggleTheme(): void {
	theme.value = isDark.value ? 'light' : 'dark';
	remember('theme', theme.value);
}

effect(() => {
	document.documentElement.dataset['theme'] = isDark.value ? 'dark' : 'light';
});

const narrow = matchMedia('(max-width: 719px)');
export const isNarrow = signal(narrow.matches);
narrow.addEventListener('change', () => (isNarrow.value = narrow.matches));
