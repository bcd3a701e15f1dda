// assetnetwork.tsx - what scans find of one asset: its exposures, services and TLS servers, and why that is said of it.
import { useState } from 'preact/hooks';
import { type ApiError, asApiError, getAssetTable } from '../api';
import { useLoad } from '../load';
import { decideJoin, getExposures, getJoins, type Join, type JoinDecision, listener, PAGE_SIZE } from '../network';
import { href } from '../router';
import { count, plural, visible } from '../text';
import type { AssetDetail, Rows, Value } from '../types';
import { Dialog } from './dialog';
import { ExposureList } from './exposurelist';
import { useTablesFollow } from './networknav';
import { Empty, Failure, Loading } from './states';
import { Ago, Cell, Text } from './text';

const SHOWN_MAX = 200;
const TABLES = ['scanned_hosts', 'open_ports', 'network_services', 'tls_endpoints', 'served_certificates'] as const;

const EVIDENCE: Record<string, string> = {
	mac: 'its network card was seen there',
	'host-key': 'its SSH host key was shown there',
	certificate: 'a certificate that it alone has was shown there',
	listeners: 'it has the address, and all that is open there listens on it',
	address: 'nothing else is known of it than its address',
	operator: 'an operator said so',
};

type Record_ = Record<string, Value>;

/** Rows as objects, by the columns' names. */
const objects = ({ columns, rows }: Rows): Record_[] => rows.map((row) => Object.fromEntries(columns.map((name, i) => [name, row[i] ?? null])));

const textOf = (value: Value | undefined) => (value === null || value === undefined ? '' : String(value));

async function loadTables(asset: AssetDetail, abort: AbortSignal): Promise<Record<(typeof TABLES)[number], Record_[]>> {
	const has = new Set(asset.tables.filter((table) => table.rows > 0).map((table) => table.name));
	const loaded = await Promise.all(TABLES.map(async (name) => [name, has.has(name) ? objects(await getAssetTable(asset.id, name, null, abort)) : []] as const));
	return Object.fromEntries(loaded) as Record<(typeof TABLES)[number], Record_[]>;
}

const placeOf = (row: Record_) => `${textOf(row['address'])} ${textOf(row['transport'])} ${textOf(row['port'])}`;

function Ports({ ports, services }: { ports: Record_[]; services: Record_[] }) {
	const known = new Map(services.map((row) => [placeOf(row), row]));
	const sorted = [...ports].sort((a, b) => Number(a['port']) - Number(b['port']) || textOf(a['address']).localeCompare(textOf(b['address'])));
	return (
		<section class="panel" aria-labelledby="open">
			<header><h2 id="open">Open ports</h2><span class="muted">{plural(ports.length, 'port')}</span></header>
			{ports.length === 0 ? <p class="muted">No scan found a port open.</p> : (
				<div class="wide-table">
					<table class="plain">
						<thead><tr><th scope="col">Port</th><th scope="col">At</th><th scope="col">Speaks</th><th scope="col">Program</th><th scope="col">New</th><th scope="col">What it said</th></tr></thead>
						<tbody>
							{sorted.slice(0, SHOWN_MAX).map((row, i) => {
								const service = known.get(placeOf(row));
								const protocol = textOf(service?.['protocol'] ?? row['protocol']);
								return (
									<tr key={i}>
										<th scope="row"><a href={href(['network', 'ports'], { port: textOf(row['port']), transport: textOf(row['transport']) })}>{textOf(row['port'])}/<Text of={textOf(row['transport'])} /></a></th>
										<td class="nowrap"><Text of={textOf(row['address'])} /></td>
										<td><Text of={protocol || '–'} />{service?.['is_tls'] === true && <span class="muted"> in TLS</span>}</td>
										<td><Text of={[textOf(service?.['product']), textOf(service?.['version'])].filter(Boolean).join(' ') || '–'} /> {(service?.['access'] === 'anyone' || service?.['access'] === 'default') && <span class="mark bad">{service['access'] === 'anyone' ? 'no password' : 'known password'}</span>}</td>
										<td><Cell value={row['appeared']} /></td>
										<td class="muted"><Text of={textOf(service?.['banner']) || '–'} max={120} /></td>
									</tr>
								);
							})}
						</tbody>
					</table>
				</div>
			)}
			{ports.length > SHOWN_MAX && <p class="muted">and {count(ports.length - SHOWN_MAX)} more, in the table open_ports</p>}
		</section>
	);
}

function Tls({ endpoints }: { endpoints: Record_[] }) {
	return endpoints.length === 0 ? null : (
		<section class="panel" aria-labelledby="tls-servers">
			<header><h2 id="tls-servers">TLS servers</h2><a href={href(['network', 'tls'])}>All of the fleet</a></header>
			<div class="wide-table">
				<table class="plain">
					<thead><tr><th scope="col">Grade</th><th scope="col">Server</th><th scope="col">Protocols</th><th scope="col">Key exchange</th><th scope="col">Why</th></tr></thead>
					<tbody>
						{endpoints.slice(0, SHOWN_MAX).map((row, i) => (
							<tr key={i}>
								<td><b><Cell value={row['grade']} /></b></td>
								<th scope="row"><Text of={[textOf(row['name']), listener(textOf(row['address']), Number(row['port']))].filter(Boolean).join(' at ')} /></th>
								<td><Cell value={row['protocols']} /></td>
								<td><Cell value={row['key_exchange']} /></td>
								<td><Text of={[row['vulnerabilities'], row['reasons']].flatMap((each) => (Array.isArray(each) ? each : [])).join('; ') || '–'} max={300} /></td>
							</tr>
						))}
					</tbody>
				</table>
			</div>
		</section>
	);
}

function Certificates({ held }: { held: Record_[] }) {
	const own = held.filter((row) => !row['chain']);
	return own.length === 0 ? null : (
		<section class="panel" aria-labelledby="served">
			<header><h2 id="served">Certificates it shows</h2><a href={href(['network', 'certificates'])}>All by expiry</a></header>
			<div class="wide-table">
				<table class="plain">
					<thead><tr><th scope="col">For</th><th scope="col">At</th><th scope="col">Expires</th><th scope="col">Issued by</th></tr></thead>
					<tbody>
						{own.slice(0, SHOWN_MAX).map((row, i) => (
							<tr key={i}>
								<th scope="row"><Text of={Array.isArray(row['names']) && row['names'].length > 0 ? row['names'].join(', ') : textOf(row['subject'])} max={120} /></th>
								<td class="nowrap"><Text of={listener(textOf(row['address']), Number(row['port']))} /></td>
								<td><Cell value={row['not_after']} /></td>
								<td>{row['is_self_signed'] === true ? <span class="warn">itself</span> : <Text of={textOf(row['issuer'])} max={120} />}</td>
							</tr>
						))}
					</tbody>
				</table>
			</div>
		</section>
	);
}

function Decide({ asset, name, join, onClose, onDone }: { asset: string; name: string; join: { address: string; scope: string; is_join: boolean }; onClose(): void; onDone(): void }) {
	const [error, setError] = useState<ApiError | null>(null);
	const decide = async (event: Event) => {
		event.preventDefault();
		const reason = ((event.currentTarget as HTMLFormElement).elements.namedItem('reason') as HTMLInputElement).value.trim();
		try {
			await decideJoin(asset, { address: join.address, scope: join.scope, is_join: join.is_join, reason });
			onDone();
			onClose();
		} catch (failure) {
			setError(asApiError(failure));
		}
	};
	return (
		<Dialog title={join.is_join ? 'It is the same machine' : 'It is not the same machine'} onClose={onClose}>
			<form class="form" onSubmit={decide}>
				<p>
					What scans find at <b><Text of={join.address} /></b> is from now on said of {join.is_join ? <b><Text of={name} /></b> : <>another asset, not of <b><Text of={name} /></b></>}.
					This is remembered, whatever the evidence says later, and can be decided otherwise at any time.
				</p>
				<label>
					Why
					<input name="reason" maxLength={1000} autofocus spellcheck={false} placeholder={join.is_join ? 'the same machine behind a translation' : 'a load balancer'} />
				</label>
				{error && <Failure error={error} />}
				<footer>
					<button type="button" onClick={onClose}>Cancel</button>
					<button class="primary">{join.is_join ? 'Join them' : 'Split them'}</button>
				</footer>
			</form>
		</Dialog>
	);
}

function Joins({ asset, name }: { asset: string; name: string }) {
	const { data, error, reload } = useLoad((abort) => getJoins(asset, abort), [asset]);
	const [asked, setAsked] = useState<{ address: string; scope: string; is_join: boolean } | null>(null);
	useTablesFollow(['asset_joins'], reload, asset, 1000);
	const isHeld = (decision: JoinDecision) => data?.items.some((join) => join.address === decision.address && join.scope === decision.scope);
	return (
		<section class="panel joins" aria-labelledby="joins">
			<header><h2 id="joins">Why it is believed to be this asset</h2></header>
			{error && <Failure error={error} retry={reload} />}
			{!data && !error && <Loading what="the reasons" />}
			{data?.items.length === 0 && <p class="muted">No scan found it at an address.</p>}
			<ul>
				{data?.items.map((join: Join) => (
					<li key={`${join.scope} ${join.address}`}>
						<p>
							<b><Text of={join.address} /></b> in <Text of={join.scope} />: {EVIDENCE[join.evidence] ?? <Text of={join.evidence} />}{' '}
							<span class="mark" title="how sure that is">{join.confidence} %</span>{' '}
							<button class="small" aria-label={`Split ${visible(join.address)} off`} onClick={() => setAsked({ ...join, is_join: false })}>It is not</button>
						</p>
						<p class="muted">
							{join.detail && <><Text of={join.detail} />, </>}{join.by && <>said <Text of={join.by} />, </>}since <Ago at={join.since} />, known again by <Text of={join.identity} />
							{join.gone && <span class="warn">; nothing answers there since <Ago at={join.gone} /></span>}
						</p>
					</li>
				))}
			</ul>
			{data && data.decisions.length > 0 && (
				<>
					<h3>What operators decided</h3>
					<ul>
						{data.decisions.map((decision, i) => (
							<li key={i}>
								<p>
									<b><Text of={decision.address} /></b> in <Text of={decision.scope} /> {decision.is_join ? 'is this asset' : 'is not this asset'}, said <Text of={decision.by} /> <Ago at={decision.at} />
									{decision.reason && <>: “<Text of={decision.reason} />”</>}{' '}
									{!decision.is_join && !isHeld(decision) && (
										<button class="small" aria-label={`Join ${visible(decision.address)} again`} onClick={() => setAsked({ ...decision, is_join: true })}>Undo: join it</button>
									)}
								</p>
							</li>
						))}
					</ul>
				</>
			)}
			{asked && <Decide asset={asset} name={name} join={asked} onClose={() => setAsked(null)} onDone={reload} />}
		</section>
	);
}

function Exposed({ asset }: { asset: string }) {
	const { data, error, reload } = useLoad((abort) => getExposures({ asset }, PAGE_SIZE, null, abort), [asset]);
	useTablesFollow(['exposures'], reload, asset);
	return (
		<section class="panel" aria-labelledby="exposed">
			<header><h2 id="exposed">Exposures</h2>{data && data.total > data.items.length && <a href={href(['network', 'exposures'], { asset })}>All {count(data.total)}</a>}</header>
			{error && <Failure error={error} retry={reload} />}
			{!data && !error && <Loading what="exposures" />}
			{data?.items.length === 0 && <p class="muted">Nothing is exposed, of what was seen.</p>}
			{data && <ExposureList items={data.items} isOneAsset onDone={reload} />}
		</section>
	);
}

export function AssetNetwork({ asset }: { asset: AssetDetail }) {
	// The asset is loaded again as it changes; its digests say whether these tables did.
	const version = TABLES.map((name) => asset.tables.find((table) => table.name === name)?.digest ?? '').join(' ');
	const { data, error, reload } = useLoad((abort) => loadTables(asset, abort), [asset.id, version]);
	const isScanned = asset.tables.some((table) => table.name === 'scanned_hosts' && table.rows > 0);
	return (
		<div class="stack asset-network">
			{asset.gone && (
				<p class="note-line">
					<b>Scans find it no more since <Ago at={asset.gone} />.</b> What they found is in its history; it is the same asset when it answers again. After 30 days it is listed no more.
				</p>
			)}
			{asset.kind === 'scanned' && !asset.gone && (
				<p class="note-line">
					<b>Scans find it, no agent watches it.</b> What is said here is what its services answer from outside.{' '}
					<a href={href(['sensors'], { enrol: '1' })}>Enrol an agent</a> to know it from within.
				</p>
			)}
			{asset.kind === 'agent' && !isScanned && (
				<Empty title="No scan found it">Its address is in no scope that is scanned, or nothing answers there. <a href={href(['network', 'scopes'])}>What is scanned</a></Empty>
			)}
			<Exposed asset={asset.id} />
			{error && <Failure error={error} retry={reload} />}
			{!data && !error && isScanned && <Loading what="what scans found" />}
			{data && isScanned && (
				<>
					{data.scanned_hosts.map((row, i) => (
						<p key={i} class="muted">
							At <Text of={textOf(row['address'])} />{row['mac'] && <> (<Text of={textOf(row['mac'])} />)</>}: {row['device'] || row['system']
								? <>probably <Text of={[textOf(row['device']), textOf(row['system'])].filter(Boolean).join(', ')} />{row['confidence'] !== null && ` (${textOf(row['confidence'])} % sure)`}</>
								: (asset.kind === 'scanned' ? 'nobody knows what it is' : 'a scan finds it')}
							{row['is_middlebox'] === true && <span class="warn">; something else seems to answer for it: every port is open</span>}
						</p>
					))}
					<Ports ports={data.open_ports} services={data.network_services} />
					<Tls endpoints={data.tls_endpoints} />
					<Certificates held={data.served_certificates} />
				</>
			)}
			<Joins asset={asset.id} name={asset.name} />
		</div>
	);
}
