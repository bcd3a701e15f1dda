// accept.tsx - accepting a risk: who answers for it, why, until when; and taking it back.
import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { type ApiError, asApiError } from '../api';
import { href } from '../router';
import { localDay } from '../time';
import { visible } from '../text';
import { type Acceptance, acceptRisk, withdrawAcceptance } from '../vulnerabilities';
import { Dialog } from './dialog';
import { Failure } from './states';
import { Ago, Text } from './text';

const DAY_MS = 86_400_000;
const LENGTHS: [label: string, days: number][] = [['30 days', 30], ['90 days', 90], ['a year', 365]];

interface FormProps {
	title: ComponentChildren;
	/** What becomes of it, and where that is. */
	children: ComponentChildren;
	accept(reason: string, until: string | null): Promise<unknown>;
	onClose(): void;
	onDone(): void;
}

/** Why, and until when: the same for whatever is accepted. */
export function AcceptForm({ title, children, accept, onClose, onDone }: FormProps) {
	const [reason, setReason] = useState('');
	const [length, setLength] = useState('90');
	const [day, setDay] = useState(localDay(Date.now() + 90 * DAY_MS));
	const [error, setError] = useState<ApiError | null>(null);
	const until = length === 'day' ? day : length === '' ? null : localDay(Date.now() + Number(length) * DAY_MS);
	const submit = async (event: Event) => {
		event.preventDefault();
		try {
			await accept(reason.trim(), until);
			onDone();
			onClose();
		} catch (failure) {
			setError(asApiError(failure));
		}
	};
	return (
		<Dialog title={title} onClose={onClose}>
			<form class="form" onSubmit={submit}>
				{children}
				<label>
					Why
					<textarea
						required
						autofocus
						rows={3}
						maxLength={1000}
						value={reason}
						placeholder="What makes it bearable, and who decided so"
						onInput={(event) => setReason(event.currentTarget.value)}
					/>
				</label>
				<label>
					For
					<select value={length} onChange={(event) => setLength(event.currentTarget.value)}>
						{LENGTHS.map(([label, days]) => <option key={days} value={String(days)}>{label}</option>)}
						<option value="day">until a day</option>
						<option value="">good</option>
					</select>
				</label>
				{length === 'day' && (
					<label>
						Until
						<input type="date" required min={localDay(Date.now() + DAY_MS)} value={day} onInput={(event) => setDay(event.currentTarget.value)} />
						<small>It counts again from the beginning of this day (UTC)</small>
					</label>
				)}
				{error && <Failure error={error} />}
				<footer>
					<button type="button" onClick={onClose}>Cancel</button>
					<button class="primary" disabled={reason.trim() === ''}>Accept the risk</button>
				</footer>
			</form>
		</Dialog>
	);
}

interface Props {
	vulnerability: string;
	/** Where it may be accepted alone; null: on all assets only. */
	asset: { id: string; name: string } | null;
	onClose(): void;
	onDone(): void;
}

export function Accept({ vulnerability, asset, onClose, onDone }: Props) {
	const [isEverywhere, setEverywhere] = useState(asset === null);
	const accept = (reason: string, until: string | null) => acceptRisk({
		vulnerability, reason, ...(asset && !isEverywhere && { asset: asset.id }), ...(until && { until }),
	});
	return (
		<AcceptForm title={<>Accept <Text of={vulnerability} />?</>} accept={accept} onClose={onClose} onDone={onDone}>
			<p>It stays listed, and counts no more among what is to be done. Your name goes with it.</p>
			{asset && (
				<label>
					Where
					<select value={isEverywhere ? 'all' : 'one'} onChange={(event) => setEverywhere(event.currentTarget.value === 'all')}>
						<option value="one">only on {visible(asset.name)}</option>
						<option value="all">on every asset</option>
					</select>
				</label>
			)}
			{!asset && <p><b>On every asset</b>, also those that get it later.</p>}
		</AcceptForm>
	);
}

/** Acceptances; each can be taken back at once. */
export function Acceptances({ items, hasId, onDone }: { items: readonly Acceptance[]; hasId: boolean; onDone(): void }) {
	const [error, setError] = useState<ApiError | null>(null);
	const withdraw = async (no: number) => {
		try {
			await withdrawAcceptance(no);
			setError(null);
			onDone();
		} catch (failure) {
			setError(asApiError(failure));
		}
	};
	return (
		<>
			{error && <Failure error={error} />}
			<ul class="acceptances">
				{items.map((each) => (
					<li key={each.no} class={each.is_expired ? 'expired' : ''}>
						<p>
							{hasId && <><a data-item href={href(['vulnerabilities', each.vulnerability])}><Text of={each.vulnerability} /></a> </>}
							on {each.asset ? <a href={href(['assets', each.asset, 'vulnerabilities'])}><Text of={each.asset_name ?? each.asset} /></a> : <b>every asset</b>}
							{' by '}<Text of={each.by} />, <Ago at={each.at} />;{' '}
							{each.is_expired ? <span class="warn">ran out <Ago at={each.until} />, counts again</span> : each.until ? <>ends <Ago at={each.until} /></> : 'for good'}
						</p>
						<p class="reason">“<Text of={each.reason} max={1000} />”</p>
						<button
							class="small"
							aria-label={`${each.is_expired ? 'Remove' : 'Take back'} the acceptance of ${visible(each.vulnerability)}`}
							onClick={() => withdraw(each.no)}
						>
							{each.is_expired ? 'Remove' : 'Take back'}
						</button>
					</li>
				))}
			</ul>
		</>
	);
}
