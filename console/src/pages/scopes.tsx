// scopes.tsx - what may be scanned: registered, proved, changed, taken away; and how its scans stand.
import type { ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { type ApiError, asApiError } from '../api';
import { useLoad } from '../load';
import { getScopes, proveScope, putScope, removeScope, type Scope, type ScopeWish } from '../network';
import { Dialog } from '../parts/dialog';
import { NetworkHead, useTablesFollow } from '../parts/networknav';
import { methodWords, ScopeProof } from '../parts/scopeproof';
import { Empty, Failure, Loading } from '../parts/states';
import { Ago, Text } from '../parts/text';
import { href } from '../router';
import { tenant } from '../session';
import { count, plural, visible } from '../text';

const PERIODS: [seconds: number, title: string][] = [
	[0, "the scanner's own"], [900, '15 minutes'], [3600, 'hour'], [21_600, '6 hours'], [86_400, 'day'], [604_800, 'week'], [2_592_000, '30 days'],
];
const STATEMENT_MIN = 10;
const REFRESH_MS = 1000;

const two = (n: number) => String(n).padStart(2, '0');
const clock = (minute: number) => `${two(Math.floor(minute / 60))}:${two(minute % 60)}`;
const minuteOf = (text: string) => Number(text.slice(0, 2)) * 60 + Number(text.slice(3, 5));

function every(seconds: number | null): string {
	const known = PERIODS.find(([each]) => each === (seconds ?? 0));
	return !seconds ? "at the scanner's own pace" : `every ${known ? known[1] : plural(Math.round(seconds / 60), 'minute')}`;
}

function schedule(scope: Scope): string {
	const hours = scope.from_minute === scope.to_minute ? 'at any hour' : `${clock(scope.from_minute)} to ${clock(scope.to_minute)} UTC`;
	const rate = scope.rate ? `at most ${count(scope.rate)} packets a second` : '';
	return [every(scope.period_s), hours, rate].filter(Boolean).join(', ');
}

/** A dialog that does one thing, and says why it could not. */
function Deed({ title, label, isDangerous = false, act, onClose, onDone, children }: {
	title: string;
	label: string;
	isDangerous?: boolean;
	act(form: HTMLFormElement): Promise<unknown>;
	onClose(): void;
	onDone(): void;
	children: ComponentChildren;
}) {
	const [error, setError] = useState<ApiError | null>(null);
	const [isBusy, setBusy] = useState(false);
	const submit = async (event: Event) => {
		event.preventDefault();
		setBusy(true);
		try {
			await act(event.currentTarget as HTMLFormElement);
			onDone();
			onClose();
		} catch (failure) {
			setError(asApiError(failure));
			setBusy(false);
		}
	};
	return (
		<Dialog title={title} onClose={onClose}>
			<form class="form" onSubmit={submit}>
				{children}
				{error && <Failure error={error} />}
				<footer>
					<button type="button" onClick={onClose}>{isDangerous ? 'Keep it' : 'Cancel'}</button>
					<button class={isDangerous ? 'danger' : 'primary'} disabled={isBusy}>{label}</button>
				</footer>
			</form>
		</Dialog>
	);
}

const textOf = (form: HTMLFormElement, name: string) => (form.elements.namedItem(name) as HTMLInputElement | HTMLSelectElement | null)?.value.trim() ?? '';

function wishOf(form: HTMLFormElement, name: string): ScopeWish {
	const [from, to] = [textOf(form, 'from'), textOf(form, 'to')];
	return {
		name,
		period_s: Number(textOf(form, 'period')),
		from_minute: from && to ? minuteOf(from) : 0,
		to_minute: from && to ? minuteOf(to) : 0,
		rate: Number(textOf(form, 'rate') || 0),
		ports: textOf(form, 'ports'),
	};
}

function Settings({ of }: { of: Scope | null }) {
	const isAnyHour = !of || of.from_minute === of.to_minute;
	const period = of?.period_s ?? 0;
	return (
		<>
			<label>
				All of it once every
				<select name="period" defaultValue={`${period}`}>
					{PERIODS.map(([seconds, title]) => <option key={seconds} value={seconds} selected={seconds === period}>{title}</option>)}
					{!PERIODS.some(([seconds]) => seconds === period) && <option value={period} selected>{plural(Math.round(period / 60), 'minute')}</option>}
				</select>
			</label>
			<label>
				Between (UTC)
				<span class="hours">
					<input name="from" type="time" aria-label="From, UTC" defaultValue={isAnyHour ? '' : clock(of.from_minute)} /> and{' '}
					<input name="to" type="time" aria-label="To, UTC" defaultValue={isAnyHour ? '' : clock(of.to_minute)} />
				</span>
				<small>Empty: at any hour</small>
			</label>
			<label>
				At most so many packets a second
				<input name="rate" type="number" min={0} max={10_000_000} defaultValue={of?.rate ? `${of.rate}` : ''} placeholder="the scanner's own" />
			</label>
			<label>
				Ports
				<input name="ports" maxLength={511} spellcheck={false} placeholder="the scanner's own" defaultValue={of?.ports ?? ''} pattern="[0-9,\- ]*" title="22,80,8000-8100" />
				<small>22,80,8000-8100</small>
			</label>
		</>
	);
}

function Add({ onClose, onDone }: { onClose(): void; onDone(): void }) {
	return (
		<Deed title="Say what may be scanned" label="Add" act={(form) => putScope(wishOf(form, textOf(form, 'name')))} onClose={onClose} onDone={onDone}>
			<label>
				Scope
				<input name="name" required maxLength={255} autofocus spellcheck={false} placeholder="192.0.2.0/24" />
				<small>A prefix, an address or a name: 192.0.2.0/24, 2001:db8::/64, example.org. Nothing of it is scanned before it is proved.</small>
			</label>
			<Settings of={null} />
		</Deed>
	);
}

function Change({ of, onClose, onDone }: { of: Scope; onClose(): void; onDone(): void }) {
	return (
		<Deed title={`How ${visible(of.name)} is scanned`} label="Save" act={(form) => putScope(wishOf(form, of.name))} onClose={onClose} onDone={onDone}>
			<Settings of={of} />
		</Deed>
	);
}

function Prove({ of, onClose, onDone }: { of: Scope; onClose(): void; onDone(): void }) {
	return (
		<Deed title={`Prove ${visible(of.name)}`} label="I state this" act={(form) => proveScope(of.name, textOf(form, 'statement'))} onClose={onClose} onDone={onDone}>
			<p>
				Scanning what one has no right to scan is an offence in many countries. State by what right this scope may be scanned, and who allowed it. Your name, the
				moment and all the words are kept, in the audit log's chain too, where nobody can alter them unseen.
			</p>
			<label>
				Statement
				<textarea name="statement" required minLength={STATEMENT_MIN} maxLength={1000} rows={4} autofocus placeholder="Our office network; allowed by …, who is responsible for it, on …" />
			</label>
		</Deed>
	);
}

function Remove({ of, onClose, onDone }: { of: Scope; onClose(): void; onDone(): void }) {
	return (
		<Deed title={`Take ${visible(of.name)} away?`} label="Take away" isDangerous act={() => removeScope(of.name)} onClose={onClose} onDone={onDone}>
			<p>It is scanned no more. What was found in it counts no more: hosts that scans alone know, their ports, exposures and grades go. The history keeps them.</p>
		</Deed>
	);
}

function stateOf(scope: Scope): [words: string, tone: string] {
	if (!scope.is_proved) {
		return ['to be proved', 'warn'];
	}
	if (scope.failing_since) {
		return ['its proof is gone', 'bad'];
	}
	if (!scope.is_on) {
		return ['switched off', ''];
	}
	return scope.state ? [scope.state, scope.state === 'failed' ? 'bad' : 'good'] : ['no scanner has begun yet', 'warn'];
}

type Asked = { what: 'change' | 'prove' | 'remove'; scope: Scope } | { what: 'add' } | null;

function ScopePanel({ of, isWaiting, onAsk, onChecked, onDone }: {
	of: Scope;
	isWaiting: boolean;
	onAsk(asked: Asked): void;
	onChecked(requestedAt: string): void;
	onDone(): void;
}) {
	const [error, setError] = useState<ApiError | null>(null);
	const [words, tone] = stateOf(of);
	const label = visible(of.name);
	const turn = async () => {
		try {
			await putScope({ name: of.name, is_on: !of.is_on });
			setError(null);
			onDone();
		} catch (failure) {
			setError(asApiError(failure));
		}
	};
	return (
		<section class="panel feed scope" aria-label={`Scope ${label}`}>
			<header><h2><Text of={of.name} /></h2><span class={`mark ${tone}`}><Text of={words} /></span></header>
			{!of.is_proved && <p class="note-line warn">Nothing of it is scanned, and nothing found in it counts, before it is proved.</p>}
			{of.failure && <p class={`note-line ${of.failing_since ? 'bad' : 'warn'}`} role="status"><Text of={of.failure} max={600} /></p>}
			{of.reason && <p class="note-line warn"><Text of={of.reason} /></p>}
			<dl class="facts">
				<div><dt>Scanned</dt><dd>{schedule(of)}</dd></div>
				<div><dt>Ports</dt><dd>{of.ports ? <Text of={of.ports} /> : "the scanner's own"}</dd></div>
				{of.runs !== null && <div><dt>Complete runs</dt><dd>{count(of.runs)}</dd></div>}
				{of.finished_at && <div><dt>Last</dt><dd><Ago at={of.finished_at} /></dd></div>}
				{of.hosts !== null && <div><dt>Hosts</dt><dd><a href={href(['network'], { search: of.name })}>{count(of.hosts)}</a>{of.addresses !== null && ` of ${plural(of.addresses, 'address', 'addresses')}`}</dd></div>}
				{of.open_ports !== null && <div><dt>Open ports</dt><dd>{count(of.open_ports)}</dd></div>}
				{of.loss_permille !== null && <div><dt>Estimated loss</dt><dd class={of.loss_permille > 20 ? 'warn' : ''}>{(of.loss_permille / 10).toFixed(1)} %</dd></div>}
			</dl>
			<p class="muted">
				Added <Ago at={of.added_at} /> by <Text of={of.added_by} />
				{of.is_proved && <>; proved {methodWords(of.method)} {of.proved_at && <Ago at={of.proved_at} />} by <Text of={of.proved_by ?? 'nobody'} />{of.statement && <>: “<Text of={of.statement} max={1000} />”</>}</>}
			</p>
			<ScopeProof of={of} isWaiting={isWaiting} onAsked={onChecked} onState={() => onAsk({ what: 'prove', scope: of })} />
			{error && <Failure error={error} />}
			<p class="deeds">
				<button class="small" aria-label={`Change how ${label} is scanned`} onClick={() => onAsk({ what: 'change', scope: of })}>Change</button>
				<button class="small" aria-label={`Switch ${label} ${of.is_on ? 'off' : 'on'}`} onClick={turn}>{of.is_on ? 'Switch off' : 'Switch on'}</button>
				<button class="small danger" aria-label={`Take ${label} away`} onClick={() => onAsk({ what: 'remove', scope: of })}>Take away</button>
			</p>
		</section>
	);
}

function Asking({ of, onClose, onDone }: { of: Asked; onClose(): void; onDone(): void }) {
	if (of === null) {
		return null;
	}
	if (of.what === 'add') {
		return <Add onClose={onClose} onDone={onDone} />;
	}
	const Shown = { change: Change, prove: Prove, remove: Remove }[of.what];
	return <Shown of={of.scope} onClose={onClose} onDone={onDone} />;
}

export function ScopesPage() {
	const { data, error, reload } = useLoad(async (abort) => (await getScopes(abort)).items, [tenant.value]);
	const [asked, setAsked] = useState<Asked>(null);
	const [checks, setChecks] = useState<Record<string, string>>({});
	const isLooking = (scope: Scope) => (scope.tried_at ?? '') < (checks[scope.name] ?? '');
	const isAnyLooking = data?.some(isLooking) ?? false;
	useEffect(() => {
		const timer = isAnyLooking ? setInterval(reload, REFRESH_MS) : 0;
		return () => clearInterval(timer);
	}, [isAnyLooking]);
	useTablesFollow(['scan_scopes', 'scanned_hosts'], reload);
	useEffect(() => setAsked(null), [tenant.value]);
	const waiting = data?.filter((scope) => !scope.is_proved).length ?? 0;
	return (
		<div class="page stack network">
			<NetworkHead here="scopes" title="Scopes">
				<span class="muted" role="status">{data && plural(data.length, 'scope')}{waiting > 0 && <span class="warn">, {count(waiting)} to be proved</span>}</span>
				<button class="primary end" onClick={() => setAsked({ what: 'add' })}>Add a scope</button>
			</NetworkHead>
			{error && <Failure error={error} retry={reload} />}
			{!data && !error && <Loading what="scopes" />}
			{data?.length === 0 && (
				<Empty title="Nothing may be scanned yet">
					A scope is a prefix, an address or a name that you own. Scanners scan what is proved here, and nothing else.
				</Empty>
			)}
			<div class="feeds">
				{data?.map((scope) => (
					<ScopePanel
						key={scope.name} of={scope} isWaiting={isLooking(scope)} onAsk={setAsked} onDone={reload}
						onChecked={(requestedAt) => setChecks((before) => ({ ...before, [scope.name]: requestedAt }))}
					/>
				))}
			</div>
			<Asking of={asked} onClose={() => setAsked(null)} onDone={reload} />
		</div>
	);
}
