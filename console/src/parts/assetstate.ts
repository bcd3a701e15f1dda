// assetstate.ts - whether an asset is watched now, in a word and a tone.
import type { Asset } from '../types';

/** What only scans find has no sensor, and is never offline. */
export function assetState({ kind, is_connected: isConnected }: Asset): [word: string, tone: string] {
	if (kind === 'scanned' || isConnected === null) {
		return ['found by scans', 'scanned'];
	}
	return isConnected ? ['connected', 'good'] : ['not connected', 'warn'];
}
