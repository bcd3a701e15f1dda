// assetstate.ts - whether an asset is watched now, in a word and a tone.
import type { Asset } from '../types';

/** What only scans find has no sensor, and is never offline. */
export function assetState({ kind, is_connected: isConnected, gone }: Pick<Asset, 'kind' | 'is_connected' | 'gone'>): [word: string, tone: string] {
	if (gone) {
		return ['gone: scans find it no more', 'gone'];
	}
	if (kind === 'scanned' || isConnected === null) {
		return ['found by scans', 'scanned'];
	}
	return isConnected ? ['connected', 'good'] : ['not connected', 'warn'];
}
