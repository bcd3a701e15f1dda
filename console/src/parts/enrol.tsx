// enrol.tsx - a token for new sensors, and the command that uses it.
import { useState } from 'preact/hooks';
import { type ApiError, asApiError, createEnrolmentToken } from '../api';
import { recall, remember } from '../remember';
import { plural } from '../text';
import { session } from '../session';
import type { EnrolmentToken } from '../types';
import { CopyBox } from './copy';
import { Dialog } from './dialog';
import { Failure } from './states';
import { Ago } from './text';

const LIFETIMES: [label: string, seconds: number][] = [
	['15 minutes', 900], ['1 hour', 3600], ['1 day', 86_400], ['1 week', 7 * 86_400],
];

/** Where sensors reach the server, as far as the server itself can tell: this page's host where it listens everywhere. */
function knownAddress(): string {
	return (session.value?.sensors_address ?? ':PORT').replace(/^(0\.0\.0\.0|\[::\]|):/, `${location.hostname}:`);
}

/** A word as a POSIX shell takes it. */
function quoted(word: string): string {
	return /^[\w.:@%+=,/\[\]-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

function command(server: string, token: string): string {
	return `bartizan-agent --state /var/lib/bartizan --server ${quoted(server)} --ca ca.pem --token ${quoted(token)}`;
}

interface Made {
	server: string;
	token: EnrolmentToken;
}

function Ask({ onMade }: { onMade(made: Made): void }) {
	const [server, setServer] = useState(recall('sensors-address', knownAddress()));
	const [uses, setUses] = useState(1);
	const [ttl, setTtl] = useState(3600);
	const [error, setError] = useState<ApiError | null>(null);
	const make = async (event: Event) => {
		event.preventDefault();
		remember('sensors-address', server);
		try {
			onMade({ server, token: await createEnrolmentToken(uses, ttl) });
		} catch (failure) {
			setError(asApiError(failure));
		}
	};
	return (
		<form class="form" onSubmit={make}>
			<label>
				Where sensors reach the server
				<input
					autofocus
					value={server}
					spellcheck={false}
					required
					pattern="[A-Za-z0-9.:_\[\]\-]+:[0-9]+"
					title="HOST:PORT, the port a number"
					onInput={(event) => setServer(event.currentTarget.value)}
				/>
				<small>HOST:PORT, as that machine sees this server; <code>bartizand --sensors</code> says where it listens</small>
			</label>
			<label>
				How many machines
				<input
					type="number"
					min={1}
					max={1_000_000}
					required
					value={uses}
					onInput={(event) => setUses(event.currentTarget.valueAsNumber)}
				/>
			</label>
			<label>
				Valid for
				<select value={ttl} onChange={(event) => setTtl(Number(event.currentTarget.value))}>
					{LIFETIMES.map(([label, seconds]) => <option key={seconds} value={seconds}>{label}</option>)}
				</select>
			</label>
			{error && <Failure error={error} />}
			<footer><button class="primary">Make a token</button></footer>
		</form>
	);
}

function Show({ made: { server, token }, onClose }: { made: Made; onClose(): void }) {
	return (
		<div class="form">
			<p>Copy <a href="/ca.pem" download>ca.pem</a>, the platform's certificate, to the machine, then run there, as root:</p>
			<CopyBox text={command(server, token.token)} label="Command to run on the machine" />
			<p class="muted">
				For {plural(token.uses, 'machine')}; it ends <Ago at={token.expires_at} />. The token is shown only here.
			</p>
			<footer><button onClick={onClose}>Done</button></footer>
		</div>
	);
}

export function Enrol({ onClose }: { onClose(): void }) {
	const [made, setMade] = useState<Made | null>(null);
	return (
		<Dialog title="Enrol a sensor" onClose={onClose} isWide>
			{made ? <Show made={made} onClose={onClose} /> : <Ask onMade={setMade} />}
		</Dialog>
	);
}
