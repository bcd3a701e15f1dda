// keys.ts - the keyboard: one listener, one table of what it does.
import { signal } from '@preact/signals';
import { go, href, route } from './router';
import { session } from './session';
import { toggleTheme } from './theme';

export const isHelpOpen = signal(false);

/** Every key, as the help shows it. */
export const KEYS: [keys: string, meaning: string][] = [
	['/', 'Search'],
	['g o', 'Go to the overview'],
	['g a', 'Go to the assets'],
	['g v', 'Go to the vulnerabilities'],
	['g n', 'Go to the network map'],
	['g x', 'Go to the exposures'],
	['g c', 'Go to the certificates'],
	['g e', 'Go to the events'],
	['g s', 'Go to the sensors'],
	['g p', 'Go to the policies'],
	['g f', 'Go to the feeds'],
	['g q', 'Go to the query page'],
	['↑ ↓', 'Move in a list (also j and k)'],
	['Home End', 'First and last of a list'],
	['Enter', 'Open what is marked'],
	['Ctrl Enter', 'Run the query'],
	['t', 'Light or dark'],
	['Esc', 'Close, or leave a field'],
	['?', 'Show these keys'],
];

const PAGES: Record<string, string[]> = {
	o: [], a: ['assets'], v: ['vulnerabilities'], n: ['network'], x: ['network', 'exposures'], c: ['network', 'certificates'], e: ['events'], s: ['sensors'], p: ['policies'], f: ['feeds'], q: ['query'],
};
const CHORD_MS = 1500;

let chordAt = 0;
let wantsSearch = false;

function isTyping(target: EventTarget | null): boolean {
	return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));
}

/** Focuses the page's search; on a page without one, that of the assets. */
export function focusSearch(): void {
	const field = document.querySelector<HTMLInputElement>('[data-search]');
	if (field) {
		wantsSearch = false;
		field.focus();
		field.select();
	} else if (route.value.parts[0] !== 'assets' || route.value.parts.length > 1) {
		wantsSearch = true;
		go(href(['assets']));
	}
}

/** A page with a search calls this when it is there. */
export function searchIsHere(): void {
	if (wantsSearch) {
		focusSearch();
	}
}

/** Moves the focus along a list of links; j and k also enter it. */
function moveInList(key: string): boolean {
	const step = { ArrowDown: 1, j: 1, ArrowUp: -1, k: -1 }[key];
	const items = [...document.querySelectorAll<HTMLElement>('[data-item]')];
	const at = items.indexOf(document.activeElement as HTMLElement);
	if (!step || items.length === 0 || (at < 0 && key.startsWith('Arrow'))) {
		return false;
	}
	items[Math.max(0, Math.min(items.length - 1, at + step))]?.focus();
	return true;
}

function onKey(event: KeyboardEvent): void {
	if (!session.value || event.ctrlKey || event.metaKey || event.altKey || document.querySelector('dialog[open]')) {
		return;
	}
	if (isTyping(event.target)) {
		if (event.key === 'Escape') {
			(event.target as HTMLElement).blur();
		}
		return;
	}
	const page = PAGES[event.key];
	if (page && Date.now() - chordAt < CHORD_MS) {
		chordAt = 0;
		go(href(page));
	} else if (event.key === 'g') {
		chordAt = Date.now();
	} else if (event.key === '/') {
		focusSearch();
	} else if (event.key === '?') {
		isHelpOpen.value = true;
	} else if (event.key === 't') {
		toggleTheme();
	} else if (event.defaultPrevented || !moveInList(event.key)) {
		return;
	}
	event.preventDefault();
}

addEventListener('keydown', onKey);
