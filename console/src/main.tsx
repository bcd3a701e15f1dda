// main.tsx - starts the console: who is signed in decides between the sign-in page and the rest.
import { render } from 'preact';
import { useEffect } from 'preact/hooks';
import { signal } from '@preact/signals';
import { ApiError, getSession } from './api';
import { liveError, overview, startLive, stopLive } from './live';
import { AssetPage } from './pages/asset';
import { AssetsPage } from './pages/assets';
import { OverviewPage } from './pages/overview';
import { QueryPage } from './pages/query';
import { SensorsPage } from './pages/sensors';
import { SignInPage } from './pages/signin';
import { lazy } from './lazy';
import { Shell } from './parts/shell';
import { Empty, Failure, Loading } from './parts/states';
import { href, route } from './router';
import { session, tenant } from './session';
import { visible } from './text';
import './styles/app.css';

// What is not looked at first is loaded when it is looked at.
const AlertsPage = lazy('alerts', async () => (await import('./pages/alerts')).AlertsPage);
const CertificatesPage = lazy('certificates', async () => (await import('./pages/certificates')).CertificatesPage);
const EventsPage = lazy('events', async () => (await import('./pages/events')).EventsPage);
const ExposuresPage = lazy('exposures', async () => (await import('./pages/exposures')).ExposuresPage);
const FeedsPage = lazy('feeds', async () => (await import('./pages/feeds')).FeedsPage);
const MapPage = lazy('the map', async () => (await import('./pages/map')).MapPage);
const PoliciesPage = lazy('policies', async () => (await import('./pages/policies')).PoliciesPage);
const PortsPage = lazy('ports', async () => (await import('./pages/ports')).PortsPage);
const ScopesPage = lazy('scopes', async () => (await import('./pages/scopes')).ScopesPage);
const TlsPage = lazy('grades', async () => (await import('./pages/tls')).TlsPage);
const VulnerabilitiesPage = lazy('vulnerabilities', async () => (await import('./pages/vulnerabilities')).VulnerabilitiesPage);
const VulnerabilityPage = lazy('the vulnerability', async () => (await import('./pages/vulnerability')).VulnerabilityPage);

const startError = signal<ApiError | null>(null);

async function start(): Promise<void> {
	startError.value = null;
	try {
		const me = await getSession();
		session.value ??= me;
	} catch (error) {
		if (error instanceof ApiError && error.status !== 401) {
			startError.value = error;
		} else {
			session.value ??= null;	// a one-time link may have signed in meanwhile
		}
	}
}

function NoSuchPage({ name }: { name: string }) {
	return (
		<Empty title="There is no such page">
			The address says “{visible(name)}”. <a href={href([])}>Go to the overview</a>
		</Empty>
	);
}

function NetworkPage({ part }: { part: string | undefined }) {
	switch (part) {
	case undefined:
		return <MapPage />;
	case 'ports':
		return <PortsPage />;
	case 'certificates':
		return <CertificatesPage />;
	case 'tls':
		return <TlsPage />;
	case 'exposures':
		return <ExposuresPage />;
	case 'alerts':
		return <AlertsPage />;
	case 'scopes':
		return <ScopesPage />;
	default:
		return <NoSuchPage name={part} />;
	}
}

function Page() {
	const [page, id, table] = route.value.parts;
	switch (page) {
	case undefined:
		return <OverviewPage />;
	case 'assets':
		return id ? <AssetPage key={id} id={id} table={table ?? null} /> : <AssetsPage />;
	case 'vulnerabilities':
		return id ? <VulnerabilityPage key={id} id={id} /> : <VulnerabilitiesPage />;
	case 'network':
		return <NetworkPage part={id} />;
	case 'events':
		return <EventsPage />;
	case 'feeds':
		return <FeedsPage />;
	case 'policies':
		return <PoliciesPage name={id ?? null} />;
	case 'sensors':
		return <SensorsPage />;
	case 'query':
		return <QueryPage />;
	default:
		return <NoSuchPage name={page} />;
	}
}

function SignedIn() {
	useEffect(() => {
		void startLive();
		return stopLive;
	}, [tenant.value]);
	if (liveError.value) {
		return <Shell><Failure error={liveError.value} retry={startLive} /></Shell>;
	}
	// Pages load after the overview, whose change number the stream goes on from: nothing falls between.
	return <Shell>{overview.value ? <Page key={tenant.value} /> : <Loading what="the overview" />}</Shell>;
}

function App() {
	if (startError.value) {
		return <div class="alone"><Failure error={startError.value} retry={start} /></div>;
	}
	if (route.value.parts[0] === 'signin') {
		return <SignInPage code={route.value.parts[1] ?? null} />;
	}
	if (session.value === undefined) {
		return <div class="alone"><Loading what="the console" /></div>;
	}
	return session.value ? <SignedIn /> : <SignInPage code={null} />;
}

void start();
render(<App />, document.body);
