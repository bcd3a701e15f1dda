/* tls_probe.c - an SSL between two memory BIOs. */
#include "sys/tls_probe.h"

#include <openssl/err.h>
#include <openssl/rsa.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/writer.h"
#include "sys/alloc.h"

#define EXTENSION_SCTS 18
#define SCTS_MAX       65536
#define CBC_LIST_MAX   8192

struct tls_probe_context {
	SSL_CTX *ssl;
};

struct tls_probe_session {
	SSL_SESSION *session;
};

struct tls_probe {
	SSL *ssl;
	BIO *in;
	BIO *out;
	enum tls_probe_state state;
	bool is_renegotiating;
	bool is_renegotiated;
	bool is_drained;                 /* output was given; it goes with the next call */
	int alert;                       /* -1: none came */
	uint8_t sent[TLS_CBC_BLOCK_MAX]; /* the end of all that was: TLS 1.0's next vector */
	SSL_SESSION *session;
	uint8_t *scts;
	size_t scts_len;
	uint8_t *certificates[TLS_PROBE_CERTIFICATES_MAX];
	size_t certificate_count;
};

static struct tls_probe *probe_of(const SSL *ssl)
{
	return SSL_get_app_data(ssl);
}

static int on_session(SSL *ssl, SSL_SESSION *session)
{
	struct tls_probe *probe = probe_of(ssl);

	SSL_SESSION_free(probe->session);
	probe->session = session;
	return 1; /* it is ours now */
}

static void on_info(const SSL *ssl, int where, int value)
{
	bool is_fatal = value >> 8 == SSL3_AL_FATAL;

	/* a warning (unrecognized_name and the like) ends nothing */
	if ((where & SSL_CB_READ_ALERT) == SSL_CB_READ_ALERT &&
	    (is_fatal || (value & 0xff) == SSL_AD_CLOSE_NOTIFY)) {
		probe_of(ssl)->alert = value & 0xff;
	}
}

static int add_scts(SSL *ssl, unsigned type, unsigned context, const unsigned char **out,
		    size_t *len, X509 *certificate, size_t index, int *alert, void *argument)
{
	(void)ssl;
	(void)type;
	(void)context;
	(void)certificate;
	(void)index;
	(void)alert;
	(void)argument;
	*out = NULL;
	*len = 0;
	return 1;
}

static int take_scts(SSL *ssl, unsigned type, unsigned context, const unsigned char *in, size_t len,
		     X509 *certificate, size_t index, int *alert, void *argument)
{
	struct tls_probe *probe = probe_of(ssl);

	(void)type;
	(void)context;
	(void)certificate;
	(void)index;
	(void)alert;
	(void)argument;
	if (probe->scts == NULL && len > 0 && len <= SCTS_MAX) {
		probe->scts = alloc_zeroed(len, 1);
		mem_copy(probe->scts, in, len);
		probe->scts_len = len;
	}
	return 1;
}

struct tls_probe_context *tls_probe_context_new(void)
{
	struct tls_probe_context *context = alloc_zeroed(1, sizeof *context);

	context->ssl = SSL_CTX_new(TLS_client_method());
	if (context->ssl == NULL) {
		abort(); /* memory */
	}
	SSL_CTX_set_verify(context->ssl, SSL_VERIFY_NONE, NULL);
	SSL_CTX_set_security_level(context->ssl, 0);
	(void)SSL_CTX_set_cipher_list(context->ssl, "ALL:COMPLEMENTOFALL:@SECLEVEL=0");
	(void)SSL_CTX_set_min_proto_version(context->ssl, 0);
	SSL_CTX_set_options(context->ssl,
			    SSL_OP_LEGACY_SERVER_CONNECT | SSL_OP_IGNORE_UNEXPECTED_EOF);
	(void)SSL_CTX_set_session_cache_mode(context->ssl,
					     SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
	SSL_CTX_sess_set_new_cb(context->ssl, on_session);
	SSL_CTX_set_info_callback(context->ssl, on_info);
	(void)SSL_CTX_set_tlsext_status_type(context->ssl, TLSEXT_STATUSTYPE_ocsp);
	(void)SSL_CTX_add_custom_ext(context->ssl, EXTENSION_SCTS,
				     SSL_EXT_CLIENT_HELLO | SSL_EXT_TLS1_2_SERVER_HELLO |
					     SSL_EXT_TLS1_3_CERTIFICATE,
				     add_scts, NULL, NULL, take_scts, NULL);
	ERR_clear_error();
	return context;
}

void tls_probe_context_free(struct tls_probe_context **context)
{
	if (*context != NULL) {
		SSL_CTX_free((*context)->ssl);
		free(*context);
		*context = NULL;
	}
}

void tls_probe_session_free(struct tls_probe_session **session)
{
	if (*session != NULL) {
		SSL_SESSION_free((*session)->session);
		free(*session);
		*session = NULL;
	}
}

struct span tls_probe_session_ticket(const struct tls_probe_session *session)
{
	const unsigned char *ticket = NULL;
	size_t len = 0;

	if (SSL_SESSION_has_ticket(session->session)) {
		SSL_SESSION_get0_ticket(session->session, &ticket, &len);
	}
	return (struct span){ ticket, len };
}

uint32_t tls_probe_session_lifetime_s(const struct tls_probe_session *session)
{
	return (uint32_t)SSL_SESSION_get_ticket_lifetime_hint(session->session);
}

uint32_t tls_probe_session_early_data(const struct tls_probe_session *session)
{
	return SSL_SESSION_get_max_early_data(session->session);
}

static bool is_cbc(const SSL_CIPHER *cipher)
{
	const EVP_CIPHER *known = EVP_get_cipherbynid(SSL_CIPHER_get_cipher_nid(cipher));

	return known != NULL && EVP_CIPHER_get_mode(known) == EVP_CIPH_CBC_MODE;
}

static void offer_cbc_only(SSL *ssl)
{
	static const char weak[] = "@SECLEVEL=0";
	char list[CBC_LIST_MAX];
	struct writer w = writer_over((uint8_t *)list, sizeof list - sizeof weak);
	STACK_OF(SSL_CIPHER) *all = SSL_get_ciphers(ssl);

	for (int i = 0; i < sk_SSL_CIPHER_num(all); i++) {
		const SSL_CIPHER *cipher = sk_SSL_CIPHER_value(all, i);
		size_t mark = writer_used(&w);

		if (is_cbc(cipher)) {
			writer_text(&w, SSL_CIPHER_get_name(cipher));
			writer_text(&w, ":");
		}
		if (!writer_ok(&w)) {
			writer_rewind(&w, mark);
			break;
		}
	}
	mem_copy(list + writer_used(&w), weak, sizeof weak);
	(void)SSL_set_cipher_list(ssl, list);
	SSL_set_options(ssl, SSL_OP_NO_ENCRYPT_THEN_MAC | SSL_OP_NO_TICKET);
}

struct tls_probe *tls_probe_new(struct tls_probe_context *context,
				const struct tls_probe_config *config)
{
	struct tls_probe *probe;
	SSL *ssl = SSL_new(context->ssl);

	if (ssl == NULL || SSL_set_min_proto_version(ssl, config->version) != 1 ||
	    SSL_set_max_proto_version(ssl, config->version) != 1) {
		SSL_free(ssl);
		ERR_clear_error();
		return NULL;
	}
	probe = alloc_zeroed(1, sizeof *probe);
	probe->ssl = ssl;
	probe->alert = -1;
	probe->in = BIO_new(BIO_s_mem());
	probe->out = BIO_new(BIO_s_mem());
	if (probe->in == NULL || probe->out == NULL) {
		abort(); /* memory */
	}
	SSL_set_bio(ssl, probe->in, probe->out);
	SSL_set_connect_state(ssl);
	SSL_set_app_data(ssl, probe);
	if (config->server_name != NULL) {
		char name[256]; /* OpenSSL's macro casts const away, and copies */

		(void)snprintf(name, sizeof name, "%s", config->server_name);
		(void)SSL_set_tlsext_host_name(ssl, name);
	}
	if (config->alpn.len > 0) {
		(void)SSL_set_alpn_protos(ssl, config->alpn.ptr, (unsigned)config->alpn.len);
	}
	if (config->is_without_tickets) {
		SSL_set_options(ssl, SSL_OP_NO_TICKET);
	}
	if (config->is_cbc_only) {
		offer_cbc_only(ssl);
	}
	if (config->session != NULL) {
		(void)SSL_set_session(ssl, config->session->session);
	}
	return probe;
}

void tls_probe_free(struct tls_probe **probe)
{
	struct tls_probe *p = *probe;

	if (p == NULL) {
		return;
	}
	*probe = NULL;
	SSL_free(p->ssl);
	SSL_SESSION_free(p->session);
	for (size_t i = 0; i < p->certificate_count; i++) {
		OPENSSL_free(p->certificates[i]);
	}
	free(p->scts);
	free(p);
}

static void forget_output(struct tls_probe *probe)
{
	if (probe->is_drained) {
		(void)BIO_reset(probe->out);
		probe->is_drained = false;
	}
}

/* Whether an SSL call failed for good, and not for want of bytes. */
static bool is_over(const struct tls_probe *probe, int result)
{
	int reason = SSL_get_error(probe->ssl, result);

	ERR_clear_error();
	return result <= 0 && reason != SSL_ERROR_WANT_READ && reason != SSL_ERROR_WANT_WRITE;
}

enum tls_probe_state tls_probe_take(struct tls_probe *probe, struct span bytes)
{
	int result;

	forget_output(probe);
	if (bytes.len > 0) {
		(void)BIO_write(probe->in, bytes.ptr, (int)bytes.len);
	}
	if (probe->state == TLS_PROBE_HANDSHAKE || probe->is_renegotiating) {
		result = SSL_do_handshake(probe->ssl);
		if (is_over(probe, result)) {
			probe->state = TLS_PROBE_ENDED;
		} else if (result == 1) {
			probe->state = TLS_PROBE_OPEN;
			probe->is_renegotiated = probe->is_renegotiating;
			probe->is_renegotiating = false;
		}
	}
	if (probe->state == TLS_PROBE_OPEN) {
		uint8_t none;

		/* makes tickets and alerts known; nothing is taken */
		result = SSL_peek(probe->ssl, &none, 1);
		if (is_over(probe, result)) {
			probe->state = TLS_PROBE_ENDED;
		}
	}
	return probe->state;
}

struct span tls_probe_output(struct tls_probe *probe)
{
	char *bytes = NULL;
	long len;

	forget_output(probe);
	len = BIO_get_mem_data(probe->out, &bytes);
	probe->is_drained = true;
	if (len >= (long)sizeof probe->sent) {
		mem_copy(probe->sent, bytes + len - sizeof probe->sent, sizeof probe->sent);
	}
	return (struct span){ (const uint8_t *)bytes, len > 0 ? (size_t)len : 0 };
}

bool tls_probe_cbc_keys(const struct tls_probe *probe, struct tls_cbc_keys *out)
{
	const SSL_CIPHER *cipher = SSL_get_current_cipher(probe->ssl);
	SSL_SESSION *session = SSL_get_session(probe->ssl);
	struct tls_cbc_session agreed = { .version = (uint16_t)SSL_version(probe->ssl) };
	const EVP_MD *hash = cipher != NULL ? SSL_CIPHER_get_handshake_digest(cipher) : NULL;
	struct tls_cbc_keys keys;

	if (probe->state != TLS_PROBE_OPEN || hash == NULL || session == NULL ||
	    agreed.version > TLS1_2_VERSION || !is_cbc(cipher)) {
		return false;
	}
	agreed.cipher = OBJ_nid2sn(SSL_CIPHER_get_cipher_nid(cipher));
	agreed.mac = OBJ_nid2sn(SSL_CIPHER_get_digest_nid(cipher));
	/* suites older than TLS 1.2 have SHA-256 there (RFC 5246, 5) */
	agreed.prf = agreed.version < TLS1_2_VERSION ? "MD5-SHA1"
		     : EVP_MD_is_a(hash, "MD5-SHA1") ? "SHA256"
						     : EVP_MD_get0_name(hash);
	if (SSL_SESSION_get_master_key(session, agreed.master, sizeof agreed.master) !=
		    sizeof agreed.master ||
	    SSL_get_client_random(probe->ssl, agreed.client_random, sizeof agreed.client_random) !=
		    sizeof agreed.client_random ||
	    SSL_get_server_random(probe->ssl, agreed.server_random, sizeof agreed.server_random) !=
		    sizeof agreed.server_random ||
	    tls_cbc_derive(&agreed, &keys) != 0) {
		return false;
	}
	mem_copy(keys.iv, probe->sent + sizeof probe->sent - keys.block_len, keys.block_len);
	*out = keys;
	return true;
}

int tls_probe_alert(const struct tls_probe *probe)
{
	return probe->alert;
}

void tls_probe_say(struct tls_probe *probe, struct span bytes)
{
	forget_output(probe);
	(void)SSL_write(probe->ssl, bytes.ptr, (int)bytes.len);
	ERR_clear_error();
}

void tls_probe_close(struct tls_probe *probe)
{
	forget_output(probe);
	(void)SSL_shutdown(probe->ssl);
	ERR_clear_error();
}

size_t tls_probe_read(struct tls_probe *probe, uint8_t *buffer, size_t capacity)
{
	size_t got = 0;

	forget_output(probe);
	if (SSL_read_ex(probe->ssl, buffer, capacity, &got) != 1) {
		got = 0;
	}
	ERR_clear_error();
	return got;
}

bool tls_probe_renegotiate(struct tls_probe *probe)
{
	if (probe->state != TLS_PROBE_OPEN || SSL_version(probe->ssl) >= TLS1_3_VERSION ||
	    SSL_renegotiate(probe->ssl) != 1) {
		ERR_clear_error();
		return false;
	}
	probe->is_renegotiating = true;
	return true;
}

bool tls_probe_is_renegotiated(const struct tls_probe *probe)
{
	return probe->is_renegotiated;
}

bool tls_probe_is_resumed(const struct tls_probe *probe)
{
	return SSL_session_reused(probe->ssl) == 1;
}

struct span tls_probe_alpn(const struct tls_probe *probe)
{
	const unsigned char *name = NULL;
	unsigned len = 0;

	SSL_get0_alpn_selected(probe->ssl, &name, &len);
	return (struct span){ name, len };
}

struct span tls_probe_staple(const struct tls_probe *probe)
{
	unsigned char *der = NULL;
	long len = SSL_get_tlsext_status_ocsp_resp(probe->ssl, &der);

	return (struct span){ der, len > 0 ? (size_t)len : 0 };
}

struct span tls_probe_scts(const struct tls_probe *probe)
{
	return (struct span){ probe->scts, probe->scts_len };
}

size_t tls_probe_certificates(struct tls_probe *probe, struct span *out, size_t max)
{
	STACK_OF(X509) *chain = SSL_get_peer_cert_chain(probe->ssl);
	size_t count = 0;

	for (int i = 0; chain != NULL && i < sk_X509_num(chain) && count < max &&
			probe->certificate_count < TLS_PROBE_CERTIFICATES_MAX;
	     i++) {
		uint8_t *der = NULL;
		int len = i2d_X509(sk_X509_value(chain, i), &der);

		if (len > 0) {
			probe->certificates[probe->certificate_count++] = der;
			out[count++] = (struct span){ der, (size_t)len };
		}
	}
	ERR_clear_error();
	return count;
}

struct tls_probe_session *tls_probe_take_session(struct tls_probe *probe)
{
	struct tls_probe_session *session;

	if (probe->session == NULL) {
		return NULL;
	}
	session = alloc_zeroed(1, sizeof *session);
	session->session = probe->session;
	probe->session = NULL;
	return session;
}

static EVP_PKEY *rsa_key_of(struct span certificate)
{
	const uint8_t *at = certificate.ptr;
	X509 *x509 = d2i_X509(NULL, &at, (long)certificate.len);
	EVP_PKEY *key = x509 != NULL ? X509_get_pubkey(x509) : NULL;

	X509_free(x509);
	if (key != NULL && EVP_PKEY_get_base_id(key) != EVP_PKEY_RSA) {
		EVP_PKEY_free(key);
		key = NULL;
	}
	ERR_clear_error();
	return key;
}

size_t tls_probe_rsa_length(struct span certificate)
{
	EVP_PKEY *key = rsa_key_of(certificate);
	int len = key != NULL ? EVP_PKEY_get_size(key) : 0;

	EVP_PKEY_free(key);
	return len > 0 ? (size_t)len : 0;
}

size_t tls_probe_rsa(struct span certificate, struct span plain, uint8_t *out, size_t capacity)
{
	EVP_PKEY *key = rsa_key_of(certificate);
	size_t len = capacity;
	size_t written = 0;
	EVP_PKEY_CTX *operation = key != NULL ? EVP_PKEY_CTX_new(key, NULL) : NULL;

	if (operation != NULL && EVP_PKEY_encrypt_init(operation) == 1 &&
	    EVP_PKEY_CTX_set_rsa_padding(operation, RSA_NO_PADDING) == 1 &&
	    EVP_PKEY_encrypt(operation, out, &len, plain.ptr, plain.len) == 1) {
		written = len;
	}
	EVP_PKEY_CTX_free(operation);
	EVP_PKEY_free(key);
	ERR_clear_error();
	return written;
}
