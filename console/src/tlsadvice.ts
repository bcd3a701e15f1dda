// tlsadvice.ts - how to mend what lowers a TLS server's grade, by the words of the reason.

/** The first that matches counts. Reasons come as ids (no-tls-1.3) or as the sentences of docs/tls-grading.md. */
const ADVICE: [pattern: RegExp, advice: string][] = [
	[/heartbleed|ccs/i, 'Update OpenSSL; after Heartbleed, replace key and certificate too, and revoke the old one.'],
	[/drown|ssl[- ]?v?2/i, 'Switch SSL 2.0 off wherever this key is used (nginx: ssl_protocols TLSv1.2 TLSv1.3).'],
	[/poodle[-_ ]?tls|CBC padding is not/i, 'Update the server or load balancer.'],
	[/nothing better than SSL|ssl[- ]?v?3|poodle/i, 'Switch SSL 3.0 off (nginx: ssl_protocols TLSv1.2 TLSv1.3; Apache: SSLProtocol -all +TLSv1.2 +TLSv1.3).'],
	[/neither TLS 1\.2|no-tls-?1\.2/i, 'Offer TLS 1.2 and 1.3.'],
	[/(no-tls-?1\.3)|TLS 1\.3 is not/i, 'Offer TLS 1.3 (nginx: ssl_protocols TLSv1.2 TLSv1.3).'],
	[/tls[- ]?v?1\.[01]|tls-1-[01]/i, 'Switch TLS 1.0 and 1.1 off (nginx: ssl_protocols TLSv1.2 TLSv1.3; Apache: SSLProtocol -all +TLSv1.2 +TLSv1.3).'],
	[/rc4/i, 'Leave RC4 out of the cipher list.'],
	[/64-bit|sweet32|small-blocks|3des/i, 'Leave 3DES and IDEA out of the cipher list.'],
	[/export|freak|logjam/i, 'Leave export suites out of the cipher list.'],
	[/anonymous/i, 'Leave anonymous suites out of the cipher list.'],
	[/without encryption|null-cipher/i, 'Leave NULL suites out of the cipher list.'],
	[/112 bits|weak-cipher/i, 'Leave DES, RC2 and 40 or 56 bit suites out of the cipher list.'],
	[/robot|RSA key exchange/i, 'Update, or leave suites with RSA key exchange out.'],
	[/ticketbleed/i, 'Update the load balancer, or switch session tickets off.'],
	[/renegotiat/i, 'Update the TLS library, and refuse what is not RFC 5746.'],
	[/crime|compression/i, 'Switch TLS compression off.'],
	[/forward.secrecy/i, 'Offer ECDHE suites, and prefer them (nginx: ssl_prefer_server_ciphers on).'],
	[/aead|authenticated encryption/i, 'Offer AES-GCM and ChaCha20-Poly1305.'],
	[/post.quantum/i, 'Offer X25519MLKEM768 (OpenSSL 3.5, or a library that has it).'],
	[/diffie|dh-/i, 'Leave DHE suites out, or use parameters of 2048 bits or more.'],
	[/curve/i, 'Leave curves of fewer than 224 bits out.'],
	[/hsts|strict.transport/i, 'Send Strict-Transport-Security with a max-age of half a year or more.'],
	[/fallback|downgrade/i, 'Update the TLS library, so that downgrades are noticed (RFC 7507).'],
	[/expire[ds]|has expired/i, 'Renew the certificate, and let renewal run by itself (ACME).'],
	[/self.signed|signed by itself/i, 'Get a certificate from an authority that clients trust.'],
	[/incomplete|issuer|not trusted|root/i, "Install the issuers' certificates behind the server's own, from an authority that clients trust."],
	[/name|mismatch/i, 'Get a certificate with this name among its alternative names.'],
	[/sha-?1|md5/i, 'Have the certificate issued anew, with SHA-256.'],
	[/key/i, 'Make a new key: P-256, or RSA of 2048 bits or more.'],
	[/revoked/i, 'Install a new certificate.'],
];

export function adviceFor(reason: string): string | null {
	return ADVICE.find(([pattern]) => pattern.test(reason))?.[1] ?? null;
}
