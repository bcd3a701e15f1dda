/* tls_unverified.c - OpenSSL between two memory BIOs. */
#include "sys/tls_unverified.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/writer.h"
#include "sys/alloc.h"
#include "sys/openssl_why.h"

#define CHAIN_SIZE_MAX  (64l << 10) /* what a stranger may send as certificates */
#define ALPN_LIST_MAX   256
#define FEED_WINDOW_MAX (64u << 10) /* records that may wait inside */

struct tls_unverified_context {
	SSL_CTX *ssl;
};

struct tls_unverified {
	SSL *ssl;
	BIO *in;  /* the SSL's own */
	BIO *out; /* the SSL's own */
	enum tls_unverified_state state;
	unsigned alert;
	uint8_t *certificate;
	size_t certificate_len;
};

static int believe(int is_good, X509_STORE_CTX *chain)
{
	(void)is_good;
	X509_STORE_CTX_set_error(chain, X509_V_OK);
	return 1;
}

static void note_alert(const SSL *ssl, int where, int value)
{
	struct tls_unverified *t = SSL_get_app_data(ssl);

	if ((where & SSL_CB_READ_ALERT) == SSL_CB_READ_ALERT && t != NULL) {
		t->alert = (unsigned)value & 0xff;
	}
}

int tls_unverified_context_new(struct tls_unverified_context **out, struct why *why)
{
	struct tls_unverified_context *c = alloc_zeroed(1, sizeof *c);

	c->ssl = SSL_CTX_new(TLS_client_method());
	if (c->ssl == NULL || SSL_CTX_set_min_proto_version(c->ssl, TLS1_VERSION) != 1 ||
	    SSL_CTX_set_cipher_list(c->ssl, "ALL:@SECLEVEL=0") != 1) {
		SSL_CTX_free(c->ssl);
		free(c);
		return openssl_why(why, ERR_IO, "cannot set up TLS");
	}
	SSL_CTX_set_security_level(c->ssl, 0);
	SSL_CTX_set_options(c->ssl, SSL_OP_LEGACY_SERVER_CONNECT | SSL_OP_NO_COMPRESSION |
					    SSL_OP_IGNORE_UNEXPECTED_EOF);
	SSL_CTX_set_mode(c->ssl, SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_verify(c->ssl, SSL_VERIFY_NONE, believe);
	SSL_CTX_set_max_cert_list(c->ssl, CHAIN_SIZE_MAX);
	SSL_CTX_set_session_cache_mode(c->ssl, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_info_callback(c->ssl, note_alert);
	*out = c;
	return 0;
}

void tls_unverified_context_free(struct tls_unverified_context **context)
{
	struct tls_unverified_context *c = *context;

	*context = NULL;
	if (c != NULL) {
		SSL_CTX_free(c->ssl);
		free(c);
	}
}

static void offer(SSL *ssl, const char *const *alpn)
{
	uint8_t list[ALPN_LIST_MAX];
	struct writer w = writer_over(list, sizeof list);

	for (size_t i = 0; alpn != NULL && alpn[i] != NULL; i++) {
		struct span name = span_of(alpn[i]);

		writer_u8(&w, (uint8_t)name.len);
		writer_bytes(&w, name);
	}
	if (writer_ok(&w) && writer_used(&w) > 0) {
		(void)SSL_set_alpn_protos(ssl, list, (unsigned int)writer_used(&w));
	}
}

/* Goes on with the handshake as far as the bytes reach. */
static void shake_hands(struct tls_unverified *t)
{
	int result;

	ERR_clear_error();
	result = SSL_do_handshake(t->ssl);
	if (result == 1) {
		t->state = TLS_UNVERIFIED_OPEN;
	} else if (SSL_get_error(t->ssl, result) != SSL_ERROR_WANT_READ) {
		t->state = TLS_UNVERIFIED_FAILED;
	}
	ERR_clear_error();
}

struct tls_unverified *tls_unverified_new(struct tls_unverified_context *context,
					  const char *server_name, const char *const *alpn)
{
	struct tls_unverified *t = alloc_zeroed(1, sizeof *t);

	t->ssl = SSL_new(context->ssl);
	t->in = BIO_new(BIO_s_mem());
	t->out = BIO_new(BIO_s_mem());
	if (t->ssl == NULL || t->in == NULL || t->out == NULL) {
		abort(); /* as all of alloc.h: it was memory that ended */
	}
	(void)BIO_set_mem_eof_return(t->in, -1);
	(void)BIO_set_mem_eof_return(t->out, -1);
	SSL_set_bio(t->ssl, t->in, t->out);
	SSL_set_app_data(t->ssl, t);
	if (server_name != NULL) {
		char *name = alloc_text(server_name); /* OpenSSL's macro wants no const */

		(void)SSL_set_tlsext_host_name(t->ssl, name);
		free(name);
	}
	offer(t->ssl, alpn);
	SSL_set_connect_state(t->ssl);
	shake_hands(t);
	return t;
}

void tls_unverified_free(struct tls_unverified **tls)
{
	struct tls_unverified *t = *tls;

	*tls = NULL;
	if (t != NULL) {
		SSL_free(t->ssl); /* and both BIOs */
		OPENSSL_free(t->certificate);
		free(t);
	}
}

enum tls_unverified_state tls_unverified_feed(struct tls_unverified *t, struct span bytes)
{
	if (t->state >= TLS_UNVERIFIED_CLOSED || bytes.len == 0) {
		return t->state;
	}
	if (bytes.len > FEED_WINDOW_MAX || BIO_pending(t->in) > (int)FEED_WINDOW_MAX ||
	    BIO_write(t->in, bytes.ptr, (int)bytes.len) != (int)bytes.len) {
		t->state = TLS_UNVERIFIED_FAILED;
		return t->state;
	}
	if (t->state == TLS_UNVERIFIED_SHAKING) {
		shake_hands(t);
	}
	return t->state;
}

enum tls_unverified_state tls_unverified_state(const struct tls_unverified *t)
{
	return t->state;
}

size_t tls_unverified_read(struct tls_unverified *t, uint8_t *out, size_t capacity)
{
	int got;

	if (t->state != TLS_UNVERIFIED_OPEN || capacity == 0) {
		return 0;
	}
	ERR_clear_error();
	got = SSL_read(t->ssl, out, capacity > 1u << 20 ? 1 << 20 : (int)capacity);
	if (got > 0) {
		return (size_t)got;
	}
	switch (SSL_get_error(t->ssl, got)) {
	case SSL_ERROR_WANT_READ:
	case SSL_ERROR_WANT_WRITE:
		break;
	case SSL_ERROR_ZERO_RETURN:
		t->state = TLS_UNVERIFIED_CLOSED;
		break;
	default:
		t->state = TLS_UNVERIFIED_FAILED;
	}
	ERR_clear_error();
	return 0;
}

int tls_unverified_write(struct tls_unverified *t, struct span bytes)
{
	if (t->state != TLS_UNVERIFIED_OPEN) {
		return t->state == TLS_UNVERIFIED_SHAKING ? ERR_AGAIN : ERR_CLOSED;
	}
	if (bytes.len + (size_t)BIO_pending(t->out) > TLS_UNVERIFIED_OUT_MAX) {
		return ERR_FULL;
	}
	ERR_clear_error();
	if (bytes.len > 0 && SSL_write(t->ssl, bytes.ptr, (int)bytes.len) != (int)bytes.len) {
		ERR_clear_error();
		t->state = TLS_UNVERIFIED_FAILED;
		return ERR_CLOSED;
	}
	return 0;
}

struct span tls_unverified_output(struct tls_unverified *t)
{
	char *bytes = NULL;
	long len = BIO_get_mem_data(t->out, &bytes);

	return (struct span){ (const uint8_t *)bytes, len > 0 ? (size_t)len : 0 };
}

void tls_unverified_sent(struct tls_unverified *t, size_t len)
{
	uint8_t gone[1024];

	while (len > 0) {
		int taken = BIO_read(t->out, gone, len < sizeof gone ? (int)len : (int)sizeof gone);

		if (taken <= 0) {
			return;
		}
		len -= (size_t)taken;
	}
}

unsigned tls_unverified_alert(const struct tls_unverified *t)
{
	return t->alert;
}

struct span tls_unverified_certificate(struct tls_unverified *t)
{
	if (t->certificate == NULL) {
		X509 *leaf = SSL_get0_peer_certificate(t->ssl);
		int len = leaf == NULL ? 0 : i2d_X509(leaf, &t->certificate);

		t->certificate_len = len > 0 ? (size_t)len : 0;
		ERR_clear_error();
	}
	return (struct span){ t->certificate, t->certificate_len };
}

void tls_unverified_alpn(const struct tls_unverified *t, char *out, size_t capacity)
{
	const unsigned char *name = NULL;
	unsigned int len = 0;

	SSL_get0_alpn_selected(t->ssl, &name, &len);
	len = len < capacity ? len : (unsigned int)capacity - 1;
	mem_copy(out, name, len);
	out[len] = '\0';
}

const char *tls_unverified_version(const struct tls_unverified *t)
{
	return SSL_get_version(t->ssl);
}
