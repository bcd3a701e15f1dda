// drafts.ts - what was written and not saved yet, kept for this tab until it is saved or undone.

const drafts = new Map<string, string>();
const PREFIX = 'bartizan.draft.';

export function draftOf(name: string): string | null {
	try {
		return drafts.get(name) ?? sessionStorage.getItem(PREFIX + name);
	} catch {
		return null;
	}
}

/** null: there is nothing to be kept any more. */
export function keepDraft(name: string, text: string | null): void {
	if (text === null) {
		drafts.delete(name);
	} else {
		drafts.set(name, text);
	}
	try {
		if (text === null) {
			sessionStorage.removeItem(PREFIX + name);
		} else {
			sessionStorage.setItem(PREFIX + name, text);
		}
	} catch {
		// A browser that keeps nothing loses it when the tab is loaded again, not before.
	}
}
