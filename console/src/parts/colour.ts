// colour.ts - the style sheet's colours for what is drawn on a canvas.

/** A colour of the style sheet as the canvas understands it. */
export function colour(name: string): string {
	const probe = document.body.appendChild(document.createElement('span'));
	probe.style.color = `var(${name})`;
	const resolved = getComputedStyle(probe).color;
	probe.remove();
	return resolved;
}
