// mapcanvas.ts - draws the map, moves it and finds what is under the pointer.
//
// What is drawn goes into a picture that is larger than what is in sight; moving the map only copies a part
// of it. A new picture is made beside it, a few milliseconds a frame, when the old one does not do any more.
// So ten thousand hosts cost a frame as little as ten.
import { visible } from '../text';
import { colour } from './colour';
import { beside, CELL, hostAt, type MapLayout, PAD, placeOf, SITE_HEAD, SUBNET_HEAD } from './maplayout';
import type { Host } from '../network';

const MARGIN = 0.4;	// of what is in sight, on each side
const EDGE = 0.12;
const BUDGET_MS = 4;
const CHUNK_HOSTS = 400;
const SETTLED_MS = 90;
const ZOOM_STEP = 1.5;
const SCALE_MAX = 12;
const FIT_MARGIN_PX = 14;
const CLICK_PX = 4;
const URGENT = 60;	// the priority from which a host is marked
const NAMED_CELL_PX = 58;
const SUBNET_NAME_PX = 6.5;
const HOST_SIZE_MAX_PX = 40;

/** Row of the sheet of shapes. */
const SHAPES = ['agent', 'agent-off', 'scanned', 'unknown'] as const;
type Shape = (typeof SHAPES)[number];

const shapeOf = (host: Host): Shape => (host.kind === 'agent' && host.is_connected === false ? 'agent-off' : host.kind);

interface View {
	/** The world's point in the upper left corner. */
	x: number;
	y: number;
	/** Pixels a unit. */
	scale: number;
}

/** A part of the world, drawn. */
interface Picture extends View {
	canvas: HTMLCanvasElement;
	width: number;
	height: number;
}

interface Colours {
	back: string;
	site: string;
	subnet: string;
	line: string;
	text: string;
	muted: string;
	ring: string;
	urgent: string;
	agent: string;
	scanned: string;
	unknown: string;
}

function coloursNow(): Colours {
	return {
		back: colour('--bg'), site: colour('--surface'), subnet: colour('--bg'), line: colour('--line'), text: colour('--text'), muted: colour('--muted'),
		ring: colour('--accent'), urgent: colour('--critical'), agent: colour('--map-agent'), scanned: colour('--map-scanned'), unknown: colour('--map-unknown'),
	};
}

/** One host's shape in the middle of a point; the legend draws with it too. */
export function drawShape(to: CanvasRenderingContext2D, shape: Shape, x: number, y: number, size: number, fill: string): void {
	const half = size / 2;
	to.fillStyle = to.strokeStyle = fill;
	to.lineWidth = Math.max(1, size / 7);
	const inner = half - to.lineWidth / 2;
	to.beginPath();
	if (shape === 'agent') {
		to.fillRect(x - half, y - half, size, size);
	} else if (shape === 'agent-off') {
		to.strokeRect(x - inner, y - inner, 2 * inner, 2 * inner);
	} else if (shape === 'scanned') {
		to.arc(x, y, half, 0, 2 * Math.PI);
		to.fill();
	} else {
		to.moveTo(x, y - inner);
		to.lineTo(x + inner, y);
		to.lineTo(x, y + inner);
		to.lineTo(x - inner, y);
		to.closePath();
		to.stroke();
	}
}

/** Every shape at one size: a column each, plain and urgent, and both faint. */
function sheetOf(cell: number, dot: number, colours: Colours): HTMLCanvasElement {
	const sheet = document.createElement('canvas');
	sheet.width = cell * SHAPES.length;
	sheet.height = cell * 4;
	const to = sheet.getContext('2d')!;
	SHAPES.forEach((shape, i) => {
		for (let row = 0; row < 4; row++) {
			const x = (i + 0.5) * cell;
			const y = (row + 0.5) * cell;
			to.globalAlpha = row < 2 ? 1 : 0.16;
			drawShape(to, shape, x, y, dot, colours[shape === 'agent-off' ? 'agent' : shape]);
			if (row % 2 === 1) {
				const mark = Math.max(2, dot * 0.42);
				to.fillStyle = colours.urgent;
				to.fillRect(x + dot / 2 - mark * 0.7, y - dot / 2 - mark * 0.3, mark, mark);
			}
		}
	});
	return sheet;
}

function fitted(to: CanvasRenderingContext2D, text: string, width: number): string {
	if (to.measureText(text).width <= width) {
		return text;
	}
	let length = Math.max(1, Math.floor(text.length * width / to.measureText(text).width));
	while (length > 1 && to.measureText(`${text.slice(0, length)}…`).width > width) {
		length--;
	}
	return `${text.slice(0, length)}…`;
}

export interface MapEvents {
	/** The pointer or the keys came to a host (-1: none), at a point of the canvas. */
	onMark(host: number, x: number, y: number, isByKey: boolean): void;
	onOpen(host: number): void;
}

export class MapCanvas {
	private readonly to: CanvasRenderingContext2D;
	private readonly ends: (() => void)[] = [];
	private view: View = { x: 0, y: 0, scale: 1 };
	private front: Picture | null = null;
	private making: { picture: Picture; steps: Iterator<void> } | null = null;
	private spare: HTMLCanvasElement | null = null;
	private colours = coloursNow();
	private matches: ReadonlySet<number> | null = null;
	private marked = -1;
	private frame = 0;
	private zoomedAt = 0;
	private isStale = true;
	private ratio = 1;
	private wide = 1;
	private high = 1;
	private isPlaced = false;
	private pointers = new Map<number, { x: number; y: number }>();
	private pressed: { x: number; y: number; isClick: boolean } | null = null;

	constructor(private readonly canvas: HTMLCanvasElement, private layout: MapLayout, private readonly events: MapEvents) {
		this.to = canvas.getContext('2d', { alpha: false })!;
		const listen = <K extends keyof HTMLElementEventMap>(name: K, on: (event: HTMLElementEventMap[K]) => void, options?: AddEventListenerOptions) => {
			canvas.addEventListener(name, on, options);
			this.ends.push(() => canvas.removeEventListener(name, on));
		};
		listen('pointerdown', (event) => this.press(event));
		listen('pointermove', (event) => this.move(event));
		listen('pointerup', (event) => this.release(event));
		listen('pointercancel', (event) => this.release(event));
		listen('pointerleave', () => !this.pressed && this.mark(-1));
		listen('wheel', (event) => {
			event.preventDefault();
			const { x, y } = this.point(event);
			this.zoomAt(x, y, Math.exp(-event.deltaY * (event.deltaMode === 1 ? 0.05 : 0.0016)));
		}, { passive: false });
		listen('keydown', (event) => this.key(event));
		const observer = new ResizeObserver(() => this.resize());
		observer.observe(canvas);
		this.ends.push(() => observer.disconnect(), () => cancelAnimationFrame(this.frame));
		this.resize();
	}

	destroy(): void {
		this.ends.forEach((end) => end());
	}

	/** Other hosts; what is in sight stays. */
	setLayout(layout: MapLayout): void {
		this.layout = layout;
		this.marked = -1;
		this.redraw();
	}

	/** null: nothing is looked for. Else all others are faint. */
	setMatches(matches: ReadonlySet<number> | null): void {
		if (matches !== this.matches) {
			this.matches = matches;
			this.redraw();
		}
	}

	setTheme(): void {
		this.colours = coloursNow();
		this.redraw();
	}

	/** All of it in sight. */
	fit(): void {
		const { width, height } = this.layout;
		const scale = Math.min(SCALE_MAX / 3, (this.wide - 2 * FIT_MARGIN_PX) / Math.max(1, width), (this.high - 2 * FIT_MARGIN_PX) / Math.max(1, height));
		this.view = { scale, x: width / 2 - this.wide / 2 / scale, y: height / 2 - this.high / 2 / scale };
		this.redraw();
	}

	zoom(isIn: boolean): void {
		this.zoomAt(this.wide / 2, this.high / 2, isIn ? ZOOM_STEP : 1 / ZOOM_STEP);
	}

	/** Marks a host and brings it into sight, large enough to be told from its neighbours. */
	showHost(host: number, isByKey: boolean): void {
		const { x, y } = placeOf(this.layout, host);
		const { view } = this;
		if (view.scale < 1.2) {
			this.view = { scale: 1.6, x: x - this.wide / 3.2, y: y - this.high / 3.2 };
		} else {
			const border = CELL * view.scale + 30;
			const [px, py] = [(x - view.x) * view.scale, (y - view.y) * view.scale];
			this.view = {
				...view,
				x: view.x + (px < border ? px - this.wide / 2 : px > this.wide - border ? px - this.wide / 2 : 0) / view.scale,
				y: view.y + (py < border ? py - this.high / 2 : py > this.high - border ? py - this.high / 2 : 0) / view.scale,
			};
		}
		this.mark(host, isByKey);
		this.ask();
	}

	private redraw(): void {
		this.isStale = true;
		this.making = null;
		this.ask();
	}

	private resize(): void {
		const { clientWidth, clientHeight } = this.canvas;
		if (clientWidth === 0 || clientHeight === 0) {
			return;
		}
		this.ratio = Math.min(2, devicePixelRatio || 1);
		[this.wide, this.high] = [clientWidth, clientHeight];
		this.canvas.width = Math.round(clientWidth * this.ratio);
		this.canvas.height = Math.round(clientHeight * this.ratio);
		if (this.isPlaced) {
			this.redraw();
		} else {
			this.isPlaced = true;
			this.fit();
		}
		this.draw();	// at once: a canvas that was resized is empty
	}

	private point(event: { clientX: number; clientY: number }): { x: number; y: number } {
		const box = this.canvas.getBoundingClientRect();
		return { x: event.clientX - box.left, y: event.clientY - box.top };
	}

	private zoomAt(px: number, py: number, factor: number): void {
		const { x, y, scale } = this.view;
		const fit = Math.min(this.wide / Math.max(1, this.layout.width), this.high / Math.max(1, this.layout.height));
		const wanted = Math.max(Math.min(fit * 0.6, 1), Math.min(SCALE_MAX, scale * factor));
		this.view = { scale: wanted, x: x + px / scale - px / wanted, y: y + py / scale - py / wanted };
		this.zoomedAt = performance.now();
		this.ask();
	}

	/** The map never leaves the window altogether. */
	private pan(dx: number, dy: number): void {
		const { x, y, scale } = this.view;
		const clamp = (value: number, size: number, seen: number) => Math.max(-seen * 0.8, Math.min(size - seen * 0.2, value));
		this.view = {
			scale,
			x: clamp(x - dx / scale, this.layout.width, this.wide / scale),
			y: clamp(y - dy / scale, this.layout.height, this.high / scale),
		};
		this.ask();
	}

	private press(event: PointerEvent): void {
		this.canvas.setPointerCapture(event.pointerId);
		const at = this.point(event);
		this.pointers.set(event.pointerId, at);
		this.pressed = { ...at, isClick: event.button === 0 && this.pointers.size === 1 };
	}

	private move(event: PointerEvent): void {
		const at = this.point(event);
		const before = this.pointers.get(event.pointerId);
		if (!before || !this.pressed) {
			this.mark(this.under(at));
			return;
		}
		if (this.pressed.isClick && Math.hypot(at.x - this.pressed.x, at.y - this.pressed.y) < CLICK_PX) {
			return;
		}
		this.pressed.isClick = false;
		const other = [...this.pointers].find(([id]) => id !== event.pointerId)?.[1];
		if (other) {	// two fingers
			const [was, is] = [Math.hypot(before.x - other.x, before.y - other.y), Math.hypot(at.x - other.x, at.y - other.y)];
			this.zoomAt((at.x + other.x) / 2, (at.y + other.y) / 2, was > 0 ? is / was : 1);
		} else {
			this.pan(at.x - before.x, at.y - before.y);
		}
		this.pointers.set(event.pointerId, at);
	}

	private release(event: PointerEvent): void {
		this.pointers.delete(event.pointerId);
		const { pressed } = this;
		if (this.pointers.size === 0) {
			this.pressed = null;
			const host = pressed?.isClick && event.type === 'pointerup' ? this.under(this.point(event)) : -1;
			if (host >= 0) {
				this.events.onOpen(host);
			}
		}
	}

	private key(event: KeyboardEvent): void {
		if (event.ctrlKey || event.metaKey || event.altKey || this.layout.hosts.length === 0) {
			return;
		}
		if (event.key.startsWith('Arrow') && event.shiftKey) {
			const step = Math.min(this.wide, this.high) / 4;
			this.pan({ ArrowLeft: step, ArrowRight: -step }[event.key] ?? 0, { ArrowUp: step, ArrowDown: -step }[event.key] ?? 0);
		} else if (event.key.startsWith('Arrow')) {
			this.showHost(this.marked < 0 ? this.nearestToMiddle() : beside(this.layout, this.marked, event.key), true);
		} else if (event.key === 'Enter' && this.marked >= 0) {
			this.events.onOpen(this.marked);
		} else if (event.key === '+' || event.key === '=' || event.key === '-') {
			this.zoom(event.key !== '-');
		} else if (event.key === '0') {
			this.fit();
		} else {
			return;
		}
		event.preventDefault();
	}

	private nearestToMiddle(): number {
		const [x, y] = [this.view.x + this.wide / 2 / this.view.scale, this.view.y + this.high / 2 / this.view.scale];
		let best = 0;
		let least = Infinity;
		for (let i = 0; i < this.layout.hosts.length; i++) {
			const at = placeOf(this.layout, i);
			const distance = (at.x - x) ** 2 + (at.y - y) ** 2;
			if (distance < least) {
				[best, least] = [i, distance];
			}
		}
		return best;
	}

	private under({ x, y }: { x: number; y: number }): number {
		return hostAt(this.layout, this.view.x + x / this.view.scale, this.view.y + y / this.view.scale);
	}

	private mark(host: number, isByKey = false): void {
		if (host === this.marked && !isByKey) {
			return;
		}
		this.marked = host;
		const at = host >= 0 ? placeOf(this.layout, host) : { x: 0, y: 0 };
		this.events.onMark(host, (at.x - this.view.x) * this.view.scale, (at.y - this.view.y) * this.view.scale, isByKey);
		this.ask();
	}

	private ask(): void {
		this.frame ||= requestAnimationFrame(() => {
			this.frame = 0;
			this.draw();
		});
	}

	/** Whether what is in sight is, or soon will be, more than the picture holds. */
	private isOutgrown({ x, y, scale, width, height }: Picture): boolean {
		const near = (edge: number, isMore: boolean, room: number) => isMore && edge < room * EDGE;
		const seenX = this.wide / this.view.scale;
		const seenY = this.high / this.view.scale;
		const right = x + width / scale;
		const bottom = y + height / scale;
		return near(this.view.x - x, x > -PAD, seenX) || near(this.view.y - y, y > -PAD, seenY)
			|| near(right - this.view.x - seenX, right < this.layout.width + PAD, seenX)
			|| near(bottom - this.view.y - seenY, bottom < this.layout.height + PAD, seenY);
	}

	private draw(): void {
		const { front, view, to, ratio } = this;
		const isZooming = performance.now() - this.zoomedAt < SETTLED_MS;
		const isOtherScale = front !== null && front.scale !== view.scale;
		const isFar = front !== null && (view.scale > front.scale * 2.5 || view.scale < front.scale * 0.5);
		if (!front || this.isStale || (isOtherScale ? !isZooming || isFar : this.isOutgrown(front))) {
			this.begin();
		} else if (isOtherScale) {
			this.ask();
		}
		this.goOn();
		to.setTransform(1, 0, 0, 1, 0, 0);
		to.fillStyle = this.colours.back;
		to.fillRect(0, 0, this.canvas.width, this.canvas.height);
		const now = this.front;
		if (now) {
			const zoom = view.scale / now.scale;
			to.imageSmoothingEnabled = zoom !== 1;
			to.drawImage(now.canvas, Math.round((now.x - view.x) * view.scale * ratio), Math.round((now.y - view.y) * view.scale * ratio),
				Math.round(now.canvas.width * zoom), Math.round(now.canvas.height * zoom));
		}
		this.drawMark();
	}

	private drawMark(): void {
		if (this.marked < 0) {
			return;
		}
		const { to, view, ratio } = this;
		const at = placeOf(this.layout, this.marked);
		const size = Math.max(9, Math.min(HOST_SIZE_MAX_PX + 8, CELL * view.scale));
		to.setTransform(ratio, 0, 0, ratio, 0, 0);
		to.strokeStyle = this.colours.ring;
		to.lineWidth = 2;
		to.strokeRect((at.x - view.x) * view.scale - size / 2, (at.y - view.y) * view.scale - size / 2, size, size);
	}

	/** A new picture of what is in sight and around it, unless such a one is being made. */
	private begin(): void {
		const { view, layout, ratio } = this;
		const [seenX, seenY] = [this.wide / view.scale, this.high / view.scale];
		const left = Math.max(-2 * PAD, view.x - seenX * MARGIN);
		const top = Math.max(-2 * PAD, view.y - seenY * MARGIN);
		const right = Math.min(layout.width + 2 * PAD, view.x + seenX * (1 + MARGIN));
		const bottom = Math.min(layout.height + 2 * PAD, view.y + seenY * (1 + MARGIN));
		const { making } = this;
		if (right <= left || bottom <= top || (making && making.picture.scale === view.scale && !this.isOutgrown(making.picture))) {
			return;
		}
		const canvas = making?.picture.canvas ?? this.spare ?? document.createElement('canvas');
		this.spare = null;
		const picture = { canvas, x: left, y: top, scale: view.scale, width: (right - left) * view.scale, height: (bottom - top) * view.scale };
		canvas.width = Math.ceil(picture.width * ratio);
		canvas.height = Math.ceil(picture.height * ratio);
		this.making = { picture, steps: this.paint(picture) };
		this.isStale = false;
	}

	/** A few milliseconds of work on the picture that is being made; the first one is made at once. */
	private goOn(): void {
		const { making } = this;
		if (!making) {
			return;
		}
		const end = performance.now() + BUDGET_MS;
		while (!making.steps.next().done) {
			if (this.front && performance.now() > end) {
				this.ask();
				return;
			}
		}
		this.spare = this.front?.canvas ?? null;
		this.front = making.picture;
		this.making = null;
		if (this.front.scale !== this.view.scale || this.isOutgrown(this.front)) {
			this.ask();
		}
	}

	private *paint(picture: Picture): Generator<void> {
		const { layout, colours, ratio, matches } = this;
		const { x: left, y: top, scale } = picture;
		const to = picture.canvas.getContext('2d', { alpha: false })!;
		const unit = scale * ratio;
		const px = (x: number) => Math.round((x - left) * unit);
		const py = (y: number) => Math.round((y - top) * unit);
		const isSeen = (box: { x: number; y: number; width: number; height: number }) =>
			px(box.x) < picture.canvas.width && py(box.y) < picture.canvas.height && px(box.x + box.width) > 0 && py(box.y + box.height) > 0;
		const frame = (box: { x: number; y: number; width: number; height: number }, fill: string) => {
			to.fillStyle = fill;
			to.fillRect(px(box.x), py(box.y), Math.round(box.width * unit), Math.round(box.height * unit));
			to.strokeStyle = colours.line;
			to.strokeRect(px(box.x) + 0.5, py(box.y) + 0.5, Math.round(box.width * unit) - 1, Math.round(box.height * unit) - 1);
		};
		const write = (text: string, x: number, y: number, size: number, width: number, fill: string, weight = '') => {
			to.font = `${weight} ${size}px system-ui, sans-serif`;
			to.fillStyle = fill;
			to.fillText(fitted(to, visible(text), width), x, y);
		};
		to.fillStyle = colours.back;
		to.fillRect(0, 0, picture.canvas.width, picture.canvas.height);
		to.textBaseline = 'middle';
		to.textAlign = 'left';
		const head = Math.min(SITE_HEAD * 0.55 * unit, 20 * ratio);
		for (const site of layout.sites.filter(isSeen)) {
			frame(site, colours.site);
			if (head >= 5 * ratio) {
				const size = Math.max(head, 9 * ratio);
				write(site.name ?? 'Not in a scope', px(site.x + PAD), py(site.y + SITE_HEAD / 2), size, (site.width - 2 * PAD) * unit, colours.text, '600');
			}
		}
		yield;
		const cell = Math.max(1, Math.round(CELL * unit));
		const dot = Math.max(2, Math.min(HOST_SIZE_MAX_PX * ratio, Math.round(cell * 0.72)));
		const sheet = sheetOf(cell, dot, colours);
		const named = CELL * scale >= NAMED_CELL_PX;
		let drawn = 0;
		for (const subnet of layout.subnets) {
			if (!isSeen(subnet)) {
				continue;
			}
			frame(subnet, colours.subnet);
			const size = Math.min(SUBNET_HEAD * 0.62 * unit, 15 * ratio);
			if (size >= SUBNET_NAME_PX * ratio) {
				write(subnet.name ?? 'no address', px(subnet.x + PAD), py(subnet.y + SUBNET_HEAD / 2), size, (subnet.width - 2 * PAD) * unit, colours.muted);
			}
			for (let at = 0; at < subnet.count; at++) {
				const host = subnet.first + at;
				const of = layout.hosts[host]!;
				const x = px(subnet.x + PAD + (at % subnet.columns + 0.5) * CELL);
				const y = py(subnet.y + SUBNET_HEAD + (Math.floor(at / subnet.columns) + 0.5) * CELL);
				if (x < -cell || y < -cell || x > picture.canvas.width + cell || y > picture.canvas.height + cell) {
					continue;
				}
				const row = (of.priority >= URGENT ? 1 : 0) + (matches && !matches.has(host) ? 2 : 0);
				to.drawImage(sheet, SHAPES.indexOf(shapeOf(of)) * cell, row * cell, cell, cell, x - (cell >> 1), y - (cell >> 1), cell, cell);
				if (named) {
					to.textAlign = 'center';
					write(of.name, x, y + dot / 2 + 10 * ratio, 11 * ratio, cell - 4 * ratio, colours.text);
					to.textAlign = 'left';
				}
				if (++drawn % CHUNK_HOSTS === 0) {
					yield;
				}
			}
		}
	}
}
