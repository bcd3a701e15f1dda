// policies.tsx - what sensors are asked to watch and at what cost: shown, written as JSON, deleted.
import { useEffect, useState } from 'preact/hooks';
import { type ApiError, asApiError } from '../api';
import { draftOf, keepDraft } from '../drafts';
import { useLoad } from '../load';
import { Dialog } from '../parts/dialog';
import { Empty, Failure, Loading } from '../parts/states';
import { Ago, Text } from '../parts/text';
import { deletePolicy, getPolicies, type NamedPolicy, policyText, putPolicy } from '../policies';
import { go, href } from '../router';
import { tenant } from '../session';
import { visible } from '../text';

const EXAMPLE = `{
	"collectors": { "processes": { "enabled": false } },
	"events": { "executions": { "per_minute_max": 6000 } },
	"files": { "paths": ["/srv"], "exclude": ["*.log"] },
	"budget": { "cpu_permille": 20 }
}`;

/** Where in the text a JSON error is, as browsers say it, in lines. */
function parse(text: string): { value?: unknown; error?: string } {
	try {
		return { value: JSON.parse(text) as unknown };
	} catch (error) {
		const words = error instanceof Error ? error.message : String(error);
		const at = /position (\d+)/.exec(words);
		const line = at ? text.slice(0, Number(at[1])).split('\n').length : null;
		return { error: `This is not JSON yet${line ? `, line ${line}` : ''}: ${words}` };
	}
}

/** The same policy of another tenant is another text. */
const draftName = (name: string) => `policy ${tenant.value} ${name}`;

function Delete({ name, onClose, onDone }: { name: string; onClose(): void; onDone(): void }) {
	const [error, setError] = useState<ApiError | null>(null);
	const sure = async () => {
		try {
			await deletePolicy(name);
			onDone();
		} catch (failure) {
			setError(asApiError(failure));
		}
	};
	return (
		<Dialog title="Delete this policy?" onClose={onClose}>
			<p>Sensors go back to what the other policies say, or to their own defaults. <strong><Text of={name} /></strong> is not kept.</p>
			{error && <Failure error={error} />}
			<footer>
				<button onClick={onClose} autofocus>Keep it</button>
				<button class="danger" onClick={sure}>Delete</button>
			</footer>
		</Dialog>
	);
}

function Editor({ name, policy, onChange }: { name: string; policy: NamedPolicy | undefined; onChange(): void }) {
	const before = policy ? policyText(policy.policy) : '';
	const draft = draftName(name);
	const [text, setTextOnly] = useState(draftOf(draft) ?? (before || EXAMPLE));
	const [isKept, setKept] = useState(draftOf(draft) !== null);
	const [problem, setProblem] = useState<string | null>(null);
	const [saved, setSaved] = useState('');
	const [isAsking, setAsking] = useState(false);
	const setText = (wanted: string, saved = before || EXAMPLE) => {
		setTextOnly(wanted);
		keepDraft(draft, wanted === saved ? null : wanted);
	};
	const save = async () => {
		const { value, error } = parse(text);
		setSaved('');
		if (error) {
			setProblem(error);
			return;
		}
		try {
			const now = await putPolicy(name, value);
			setText(policyText(now.policy), policyText(now.policy));
			setKept(false);
			setProblem(null);
			setSaved('Saved. Sensors that are connected have it now, others when they come.');
			onChange();
		} catch (failure) {
			setProblem(asApiError(failure).message);
		}
	};
	return (
		<section class="panel policy" aria-label={`Policy ${visible(name)}`}>
			<header>
				<h2><Text of={name} /></h2>
				<span class="muted">{policy ? <>changed <Ago at={policy.changed_at} /> by <Text of={policy.changed_by} /></> : 'new'}</span>
			</header>
			<div class="beside">
				<div class="editor">
					<textarea
						aria-label="The policy as JSON"
						aria-invalid={problem !== null}
						spellcheck={false}
						autocomplete="off"
						rows={Math.min(26, Math.max(12, text.split('\n').length + 1))}
						value={text}
						onInput={(event) => setText(event.currentTarget.value)}
						onKeyDown={(event) => {
							if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
								event.preventDefault();
								void save();
							}
						}}
					/>
					<div class="editor-tools">
						<button class="primary" onClick={save}>Save <kbd>Ctrl ⏎</kbd></button>
						<button onClick={() => { setText(before || EXAMPLE); setKept(false); }} disabled={text === (before || EXAMPLE)}>Undo</button>
						{policy && <button class="danger end" onClick={() => setAsking(true)}>Delete</button>}
					</div>
				</div>
				<div class="beside-words">
					{problem && <p class="note-line bad" role="alert">{visible(problem)}</p>}
					{isKept && <p class="note-line warn" role="status">This is what you wrote and did not save. Save it, or undo it to see what is in force.</p>}
					<p class="muted" role="status">{saved}</p>
					<p class="muted">
						What is left out is inherited: from <code>default</code>, and then from the sensor's own defaults. Members are <code>collectors</code>,{' '}
						<code>events</code>, <code>files</code> and <code>budget</code>; <code>retention</code> in <code>default</code> only. Nothing else can be asked of a sensor.
					</p>
				</div>
			</div>
			{isAsking && <Delete name={name} onClose={() => setAsking(false)} onDone={() => { keepDraft(draft, null); onChange(); go(href(['policies'])); }} />}
		</section>
	);
}

function Add({ onClose }: { onClose(): void }) {
	const add = (event: Event) => {
		event.preventDefault();
		const field = (event.currentTarget as HTMLFormElement).elements.namedItem('tag') as HTMLInputElement;
		onClose();
		go(href(['policies', `tag:${field.value.trim()}`]));
	};
	return (
		<Dialog title="A policy for a tag" onClose={onClose}>
			<form class="form" onSubmit={add}>
				<label>
					Tag
					<input name="tag" required pattern="[a-z0-9_.\-]{1,40}" maxLength={40} autofocus spellcheck={false} title="1 to 40 of a-z 0-9 _ . -" />
					<small>It applies to every asset with this tag, over <code>default</code></small>
				</label>
				<footer><button class="primary">Write it</button></footer>
			</form>
		</Dialog>
	);
}

export function PoliciesPage({ name }: { name: string | null }) {
	const { data, error, reload } = useLoad(async (abort) => (await getPolicies(abort)).items, [tenant.value]);
	const [isAdding, setAdding] = useState(false);
	useEffect(() => {
		document.title = 'Policies · Bartizan';
	}, []);
	const selected = name ?? 'default';
	const names = [...new Set(['default', ...(data ?? []).map((p) => p.name), selected])];
	const policy = data?.find((p) => p.name === selected);
	return (
		<div class="page stack">
			<header class="page-head">
				<h1>Policies</h1>
				<a href={href(['sensors'])}>Sensors</a>
				<button class="end" onClick={() => setAdding(true)}>For another tag</button>
			</header>
			{error && <Failure error={error} retry={reload} />}
			{!data && !error && <Loading what="policies" />}
			{data && (
				<>
					<nav class="chips" aria-label="Policies">
						{names.map((each) => (
							<a key={each} class="chip" data-item href={href(['policies', each])} aria-current={each === selected ? 'page' : undefined}>
								<Text of={each} />{!data.some((p) => p.name === each) && ' (none yet)'}{each !== selected && draftOf(draftName(each)) !== null && ' (not saved)'}
							</a>
						))}
					</nav>
					{data.length === 0 && !name && <Empty title="No policy yet">Sensors do what they do by themselves. Write one below to change it for all of them.</Empty>}
					<Editor key={selected} name={selected} policy={policy} onChange={reload} />
				</>
			)}
			{isAdding && <Add onClose={() => setAdding(false)} />}
		</div>
	);
}
