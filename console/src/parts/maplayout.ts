// maplayout.ts - where each host is drawn: sites hold subnets, subnets hold hosts in the order of their addresses.
//
// Pure: hosts in, boxes out, in units that the canvas scales. A host's place is arithmetic on its subnet's
// box, so that ten thousand need no places of their own and no search.
import type { Host } from '../network';

/** What a host takes, its gap included. */
export const CELL = 12;
export const PAD = 6;
export const SUBNET_HEAD = 14;
export const SITE_HEAD = 24;
const GAP = 10;
const COLUMNS_MIN = 9;
const SUBNET_SHAPE = 1.7;
/** What sites and the whole are tried with: how much wider than high. */
const SITE_SHAPES = [0.6, 0.8, 1.1, 1.4, 1.8, 2.2, 2.7, 3.3, 4.2];
const ROW_FACTORS = [0.6, 0.8, 1, 1.25, 1.6];

export interface Box {
	name: string | null;
	x: number;
	y: number;
	width: number;
	height: number;
	/** Hosts first to first + count - 1 of the layout. */
	first: number;
	count: number;
}

export interface SubnetBox extends Box {
	columns: number;
	/** Its place in `sites`. */
	site: number;
}

export interface MapLayout {
	hosts: readonly Host[];
	/** The subnet of each host. */
	subnetOf: Uint32Array;
	sites: readonly Box[];
	subnets: readonly SubnetBox[];
	width: number;
	height: number;
}

/** A text that sorts as the address does. */
export function addressKey(address: string | null): string {
	if (address === null) {
		return '~';
	}
	const text = address.split('/')[0]!;
	return text.includes(':') ? `:${text}` : text.split('.').map((part) => part.padStart(3, '0')).join('.');
}

function grouped<T>(items: readonly T[], key: (item: T) => string): Map<string, T[]> {
	const groups = new Map<string, T[]>();
	for (const item of items) {
		const group = groups.get(key(item));
		if (group) {
			group.push(item);
		} else {
			groups.set(key(item), [item]);
		}
	}
	return groups;
}

/** Puts boxes in rows that are about as wide as asked; returns how large all of it is. */
function shelve(boxes: readonly Box[], wide: number, left: number, top: number): { width: number; height: number } {
	let x = left;
	let y = top;
	let tallest = 0;
	let width = 0;
	for (const box of boxes) {
		if (x > left && x + box.width > left + wide) {
			x = left;
			y += tallest + GAP;
			tallest = 0;
		}
		box.x = x;
		box.y = y;
		x += box.width + GAP;
		tallest = Math.max(tallest, box.height);
		width = Math.max(width, x - GAP - left);
	}
	return { width, height: y + tallest - top };
}

function subnetBox(name: string, first: number, count: number, site: number): SubnetBox {
	const columns = Math.max(COLUMNS_MIN, Math.ceil(Math.sqrt(count * SUBNET_SHAPE)));
	return {
		name: name || null, x: 0, y: 0, first, count, columns, site,
		width: columns * CELL + 2 * PAD, height: SUBNET_HEAD + Math.ceil(count / columns) * CELL + PAD,
	};
}

const area = (boxes: readonly Box[]) => boxes.reduce((sum, box) => sum + (box.width + GAP) * (box.height + GAP), 0);

/** Packs subnets into sites and sites into the whole; returns how large that is. */
function packWith(sites: readonly Box[], within: readonly SubnetBox[][], siteShape: number, wide: number): { width: number; height: number } {
	sites.forEach((site, i) => {
		const mine = within[i]!;
		const widest = mine.reduce((most, box) => Math.max(most, box.width), 0);
		const size = shelve(mine, Math.max(Math.sqrt(area(mine) * siteShape), widest), 0, 0);
		site.width = size.width + 2 * PAD;
		site.height = size.height + SITE_HEAD + PAD;
	});
	const widest = sites.reduce((most, box) => Math.max(most, box.width), 1);
	return shelve(sites, Math.max(Math.sqrt(area(sites)) * wide, widest), 0, 0);
}

/** The packing that can be drawn the largest in a window of this shape. */
function pack(sites: readonly Box[], within: readonly SubnetBox[][], shape: number): { width: number; height: number } {
	let best = { siteShape: 1, wide: 1, size: Infinity };
	for (const siteShape of SITE_SHAPES) {
		for (const factor of ROW_FACTORS) {
			const wide = Math.sqrt(shape) * factor;
			const { width, height } = packWith(sites, within, siteShape, wide);
			const size = Math.max(width / shape, height);
			best = size < best.size ? { siteShape, wide, size } : best;
		}
	}
	return packWith(sites, within, best.siteShape, best.wide);
}

/** shape: how much wider than high the whole should be. */
export function layOut(all: readonly Host[], shape: number): MapLayout {
	const hosts: Host[] = [];
	const sites: Box[] = [];
	const subnets: SubnetBox[] = [];
	const within: SubnetBox[][] = [];
	const bySite = [...grouped(all, (host) => host.site ?? '')].sort((a, b) => b[1].length - a[1].length);
	for (const [site, members] of bySite) {
		const mine: SubnetBox[] = [];
		const bySubnet = [...grouped(members, (host) => host.subnet ?? '')].map(([name, list]) => ({ name, list, key: name ? addressKey(name) : '~' }));
		bySubnet.sort((a, b) => (a.key < b.key ? -1 : 1));
		const first = hosts.length;
		for (const { name, list } of bySubnet) {
			const keyed = list.map((host) => ({ host, key: addressKey(host.address) })).sort((a, b) => (a.key < b.key ? -1 : 1));
			mine.push(subnetBox(name, hosts.length, list.length, sites.length));
			keyed.forEach(({ host }) => hosts.push(host));
		}
		sites.push({ name: site || null, x: 0, y: 0, first, count: members.length, width: 0, height: 0 });
		within.push(mine);
		subnets.push(...mine);
	}
	const { width, height } = pack(sites, within, shape);
	within.forEach((mine, i) => mine.forEach((box) => {
		box.x += sites[i]!.x + PAD;
		box.y += sites[i]!.y + SITE_HEAD;
	}));
	const subnetOf = new Uint32Array(hosts.length);
	subnets.forEach((box, i) => subnetOf.fill(i, box.first, box.first + box.count));
	return { hosts, subnetOf, sites, subnets, width, height };
}

/** The middle of a host. */
export function placeOf({ subnets, subnetOf }: MapLayout, host: number): { x: number; y: number } {
	const box = subnets[subnetOf[host]!]!;
	const at = host - box.first;
	return {
		x: box.x + PAD + (at % box.columns + 0.5) * CELL,
		y: box.y + SUBNET_HEAD + (Math.floor(at / box.columns) + 0.5) * CELL,
	};
}

const isIn = (box: Box, x: number, y: number) => x >= box.x && x < box.x + box.width && y >= box.y && y < box.y + box.height;

/** The host at a point, or -1. */
export function hostAt({ subnets }: MapLayout, x: number, y: number): number {
	const box = subnets.find((each) => isIn(each, x, y));
	if (!box) {
		return -1;
	}
	const column = Math.floor((x - box.x - PAD) / CELL);
	const row = Math.floor((y - box.y - SUBNET_HEAD) / CELL);
	const at = row * box.columns + column;
	return column >= 0 && column < box.columns && row >= 0 && at < box.count ? box.first + at : -1;
}

/** The host beside another, for the arrow keys. */
export function beside({ hosts, subnets, subnetOf }: MapLayout, host: number, key: string): number {
	const box = subnets[subnetOf[host]!]!;
	const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -box.columns, ArrowDown: box.columns }[key] ?? 0;
	const to = host + step;
	if (Math.abs(step) > 1 && (to < box.first || to >= box.first + box.count)) {	// over the edge: the subnet next to it
		return step > 0 ? Math.min(hosts.length - 1, box.first + box.count) : Math.max(0, box.first - 1);
	}
	return Math.max(0, Math.min(hosts.length - 1, to));
}
