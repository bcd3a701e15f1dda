// schema.ts - the vocabulary, asked for once.
import { signal } from '@preact/signals';
import { getSchema } from './api';
import type { SchemaTable } from './types';

export const schema = signal<SchemaTable[] | null>(null);

/** Kinds of events. */
export const eventKinds = signal<SchemaTable[] | null>(null);

let isAsked = false;

/** Loads the schema unless it is there; a failure is tried again with the next call. */
export function wantSchema(): void {
	if (!isAsked) {
		isAsked = true;
		getSchema().then(
			({ tables, events }) => {
				schema.value = tables;
				eventKinds.value = events;
			},
			() => (isAsked = false));
	}
}
