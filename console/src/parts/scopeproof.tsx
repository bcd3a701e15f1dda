// scopeproof.tsx - what is to be published so that a scope is proved, and having it looked for.
import { useState } from 'preact/hooks';
import { type ApiError, asApiError } from '../api';
import { checkScope, type Scope } from '../network';
import { plural, visible } from '../text';
import { CopyBox } from './copy';
import { Failure } from './states';
import { Ago, Text } from './text';

export type Method = 'dns' | 'https';

/** What every line of a zone file says. */
const recordsOf = (scope: Scope) => scope.dns_names.map((name) => `${name}. IN TXT "${scope.dns_value}"`).join('\n');

export function ScopeProof({ of, isWaiting, onAsked, onState }: { of: Scope; isWaiting: boolean; onAsked(requestedAt: string): void; onState(): void }) {
	const [error, setError] = useState<ApiError | null>(null);
	const label = visible(of.name);
	const check = async (method: Method) => {
		try {
			onAsked((await checkScope(of.name, method)).requested_at);
			setError(null);
		} catch (failure) {
			setError(asApiError(failure));
		}
	};
	const button = (method: Method, words: string) => (
		<button class="small" disabled={isWaiting} aria-label={`Check ${label} by ${method === 'dns' ? 'DNS' : 'HTTPS'} now`} onClick={() => check(method)}>
			{isWaiting ? 'Looking…' : words}
		</button>
	);
	return (
		<details class="proof" open={!of.is_proved}>
			<summary>{of.is_proved ? 'What proves it' : 'How to prove it: one of these is enough'}</summary>
			<section aria-label="By DNS">
				<h3>By DNS</h3>
				{of.dns_names.length > 0
					? <>
						<p>Publish {of.dns_names.length === 1 ? 'this record' : `all of these ${plural(of.dns_names.length, 'record')}`}, and leave {of.dns_names.length === 1 ? 'it' : 'them'} there:</p>
						<CopyBox text={recordsOf(of)} label={`TXT records that prove ${label}`} />
						{button('dns', 'Check now')}
					</>
					: <p class="muted"><Text of={of.dns_refusal ?? ''} max={400} /></p>}
			</section>
			{of.https_url && (
				<section aria-label="By HTTPS">
					<h3>By HTTPS</h3>
					<p>Serve a file with this line at <code><Text of={of.https_url} max={400} /></code>, and leave it there:</p>
					<CopyBox text={of.token} label={`Line of the file that proves ${label}`} />
					{button('https', 'Check now')}
				</section>
			)}
			<section aria-label="By a statement">
				<h3>By a statement</h3>
				<p>Of an operator, who answers for it: <button class="small" aria-label={`Prove ${label} by a statement`} onClick={onState}>State by what right…</button></p>
			</section>
			{of.tried_at && <p class="muted">Looked for last <Ago at={of.tried_at} />{of.checked_at && <>, found last <Ago at={of.checked_at} /></>}</p>}
			{error && <Failure error={error} />}
		</details>
	);
}

const METHODS: Record<string, string> = { dns: 'by DNS', https: 'by a file over HTTPS', statement: 'by a statement' };

/** How it was proved, in a sentence's middle. */
export const methodWords = (method: string | null) => (method && METHODS[method]) ?? '';
