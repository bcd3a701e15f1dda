// remember.ts - small things kept in this browser: the theme, saved queries. Never a secret.

export function recall<T>(name: string, otherwise: T): T {
	try {
		const text = localStorage.getItem(`bartizan.${name}`);
		return text === null ? otherwise : (JSON.parse(text) as T);
	} catch {
		return otherwise;
	}
}

export function remember(name: string, value: unknown): void {
	try {
		localStorage.setItem(`bartizan.${name}`, JSON.stringify(value));
	} catch {
		// A browser that keeps nothing forgets; nothing depends on it.
	}
}
