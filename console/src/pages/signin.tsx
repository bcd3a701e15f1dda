// signin.tsx - sign in with a token, or with the code of a one-time link.
import { useEffect, useState } from 'preact/hooks';
import { ApiError, signIn } from '../api';
import { replace, route } from '../router';
import { session, signedOutBecause } from '../session';
import { visible } from '../text';

export function SignInPage({ code }: { code: string | null }) {
	const [token, setToken] = useState('');
	const [error, setError] = useState<string | null>(null);
	const [isBusy, setBusy] = useState(false);

	const enter = async (secret: { token: string } | { code: string }) => {
		setBusy(true);
		setError(null);
		try {
			const me = await signIn(secret);
			signedOutBecause.value = null;
			if (route.value.parts[0] === 'signin') {
				replace('#/');
			}
			session.value = me;
		} catch (failure) {
			setError(failure instanceof ApiError ? failure.message : String(failure));
		} finally {
			setBusy(false);
		}
	};

	useEffect(() => {
		if (code) {
			replace('#/signin');	// the code works once; it need not stay in the history
			void enter({ code });
		}
	}, [code]);
	useEffect(() => {
		document.title = 'Sign in · Bartizan';
	}, []);

	return (
		<main class="alone signin">
			<form
				onSubmit={(event) => {
					event.preventDefault();
					void enter({ token: token.trim() });
				}}
			>
				<h1><img src="/icon.svg" alt="" width="36" height="36" /> Bartizan</h1>
				{signedOutBecause.value && <p role="status">{signedOutBecause.value}</p>}
				<label for="token">Operator token</label>
				<input
					id="token"
					type="password"
					autocomplete="off"
					spellcheck={false}
					maxLength={256}
					required
					autofocus
					value={token}
					aria-describedby="signin-help"
					onInput={(event) => setToken(event.currentTarget.value)}
				/>
				{error && <p class="error" role="alert">{visible(error)}</p>}
				<button class="primary" disabled={isBusy}>{isBusy ? 'Signing in…' : 'Sign in'}</button>
				{session.value && <p><a href="#/">Go on as {visible(session.value.name)}, who is signed in</a></p>}
				<p id="signin-help" class="muted">
					The server's first token is in <code>operator.token</code> in its data folder.
				</p>
			</form>
		</main>
	);
}
