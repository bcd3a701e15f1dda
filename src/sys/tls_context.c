/* tls_context.c - one side's keys, trust and rules for all its connections. */
#include "sys/tls_context.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/hmac.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/error.h"
#include "base/writer.h"
#include "sys/alloc.h"
#include "sys/openssl_why.h"
#include "sys/pki.h"
#include "sys/pki_types.h"

#define PROTOCOLS_MAX     8
#define PROTOCOL_LIST_MAX 256
#define CHAIN_SIZE_MAX    (32l << 10)  /* what a stranger may send as certificates */
#define TICKET_LIFETIME_S (7l * 86400) /* the most that RFC 8446 section 4.6.1 allows */
#define TICKET_KEYS_SIZE  80           /* name, AES-256 key, HMAC key */

struct tls_context {
	unsigned owners;
	bool is_server;
	SSL_CTX *ssl;
	BIO_METHOD *socket_method;
	SSL_SESSION *session; /* a client's last */
	char *protocols[PROTOCOLS_MAX];
	size_t protocol_count;
	uint8_t protocol_list[PROTOCOL_LIST_MAX]; /* RFC 7301 section 3.1, without the outer length
						   */
	size_t protocol_list_len;
};

/*
 * A BIO over a socket that never raises SIGPIPE, whatever a process did with its signals
 */

static int socket_write(BIO *bio, const char *bytes, int len)
{
	int fd = (int)(intptr_t)BIO_get_data(bio);
	ssize_t written = send(fd, bytes, (size_t)len, MSG_NOSIGNAL);

	BIO_clear_retry_flags(bio);
	if (written < 0 && (errno == EAGAIN || errno == EINTR)) {
		BIO_set_retry_write(bio);
	}
	return (int)written;
}

static int socket_read(BIO *bio, char *out, int len)
{
	int fd = (int)(intptr_t)BIO_get_data(bio);
	ssize_t got = recv(fd, out, (size_t)len, 0);

	BIO_clear_retry_flags(bio);
	if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
		BIO_set_retry_read(bio);
	}
	return (int)got;
}

static long socket_control(BIO *bio, int command, long number, void *pointer)
{
	(void)bio;
	(void)number;
	(void)pointer;
	return command == BIO_CTRL_FLUSH;
}

static BIO_METHOD *socket_method_new(void)
{
	BIO_METHOD *method = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "socket without SIGPIPE");

	if (method != NULL) {
		(void)BIO_meth_set_write(method, socket_write);
		(void)BIO_meth_set_read(method, socket_read);
		(void)BIO_meth_set_ctrl(method, socket_control);
	}
	return method;
}

/*
 * Trust
 */

/* A leaf must say its purpose: OpenSSL alone takes one that says none for any. */
static bool has_purpose(X509 *certificate)
{
	return (X509_get_extension_flags(certificate) & EXFLAG_XKUSAGE) != 0;
}

/* Called for each certificate and each error. Of these only times are passed over (see tls.h). */
static int judge(int is_good, X509_STORE_CTX *chain)
{
	int error = X509_STORE_CTX_get_error(chain);

	if (!is_good &&
	    (error == X509_V_ERR_CERT_HAS_EXPIRED || error == X509_V_ERR_CERT_NOT_YET_VALID)) {
		X509_STORE_CTX_set_error(chain, X509_V_OK);
		return 1;
	}
	if (is_good && X509_STORE_CTX_get_error_depth(chain) == 0 &&
	    !has_purpose(X509_STORE_CTX_get_current_cert(chain))) {
		X509_STORE_CTX_set_error(chain, X509_V_ERR_INVALID_PURPOSE);
		return 0;
	}
	return is_good;
}

static int trust(struct tls_context *c, const struct tls_config *config, struct why *why)
{
	OWNED(pki_certificate_free) X509 *ca = pki_read_certificate_pem(config->ca_pem);
	int asked = !config->is_server || config->is_client_certificate_asked ? SSL_VERIFY_PEER
									      : SSL_VERIFY_NONE;

	if (ca == NULL) {
		return openssl_why(why, ERR_MALFORMED, "cannot read the CA's certificate");
	}
	if (X509_STORE_add_cert(SSL_CTX_get_cert_store(c->ssl), ca) != 1) {
		return openssl_why(why, ERR_IO, "cannot trust the CA");
	}
	SSL_CTX_set_verify(c->ssl, asked, judge);
	SSL_CTX_set_max_cert_list(c->ssl, CHAIN_SIZE_MAX);
	return 0;
}

static int identify(struct tls_context *c, const struct tls_config *config, struct why *why)
{
	OWNED(pki_certificate_free) X509 *certificate = NULL;
	OWNED(pki_key_free) EVP_PKEY *key = NULL;

	if (config->certificate_pem.len == 0 && !config->is_server) {
		return 0;
	}
	certificate = pki_read_certificate_pem(config->certificate_pem);
	if (certificate == NULL) {
		return openssl_why(why, ERR_MALFORMED, "cannot read the own certificate");
	}
	key = pki_read_key(config->key_pem);
	if (key == NULL) {
		return openssl_why(why, ERR_MALFORMED, "cannot read the own key");
	}
	if (SSL_CTX_use_certificate(c->ssl, certificate) != 1 ||
	    SSL_CTX_use_PrivateKey(c->ssl, key) != 1) {
		return openssl_why(why, ERR_CONFLICT, "the own certificate and key do not fit");
	}
	return 0;
}

/*
 * Protocols
 */

static int choose_protocol(SSL *ssl, const unsigned char **out, unsigned char *out_len,
			   const unsigned char *offered, unsigned int offered_len, void *context)
{
	const struct tls_context *c = context;
	unsigned char *chosen = NULL;

	(void)ssl;
	if (SSL_select_next_proto(&chosen, out_len, c->protocol_list,
				  (unsigned int)c->protocol_list_len, offered,
				  offered_len) != OPENSSL_NPN_NEGOTIATED) {
		return SSL_TLSEXT_ERR_ALERT_FATAL;
	}
	*out = chosen;
	return SSL_TLSEXT_ERR_OK;
}

static int offer_protocols(struct tls_context *c, const char *const *alpn, struct why *why)
{
	struct writer w = writer_over(c->protocol_list, sizeof c->protocol_list);

	for (size_t i = 0; alpn != NULL && alpn[i] != NULL; i++) {
		struct span name = span_of(alpn[i]);

		if (i == PROTOCOLS_MAX || name.len == 0 || name.len > 255) {
			return why_set(why, ERR_LIMIT,
				       "too many protocols, or one with a bad name");
		}
		writer_u8(&w, (uint8_t)name.len);
		writer_bytes(&w, name);
		c->protocols[c->protocol_count++] = alloc_text(alpn[i]);
	}
	if (!writer_ok(&w)) {
		return why_set(why, ERR_LIMIT, "the protocols' names are too long together");
	}
	c->protocol_list_len = writer_used(&w);
	if (c->protocol_list_len == 0) {
		return 0;
	}
	if (c->is_server) {
		SSL_CTX_set_alpn_select_cb(c->ssl, choose_protocol, c);
	} else if (SSL_CTX_set_alpn_protos(c->ssl, c->protocol_list,
					   (unsigned int)c->protocol_list_len) != 0) {
		return openssl_why(why, ERR_IO, "cannot offer protocols");
	}
	return 0;
}

const char *tls_context_protocol(const struct tls_context *c, struct span name)
{
	for (size_t i = 0; i < c->protocol_count; i++) {
		if (span_is(name, c->protocols[i])) {
			return c->protocols[i];
		}
	}
	return "";
}

/*
 * Resumption
 */

/* The keys of tickets come from the server's key and CA, so that a whole fleet that reconnects
 * after a restart, or to another process of the same server, resumes. Traffic stays secret from who
 * learns them later, because resumption includes a fresh Diffie-Hellman exchange. */
static bool derive_ticket_keys(struct tls_context *c, const struct tls_config *config)
{
	uint8_t keys[2 * EVP_MAX_MD_SIZE];
	size_t filled = 0;
	bool is_set;

	for (unsigned i = 0; i < 2; i++) {
		uint8_t label[] = "bartizan session tickets 0";
		uint8_t inner[EVP_MAX_MD_SIZE];
		unsigned int len = 0;

		label[sizeof label - 2] = (uint8_t)('0' + i);
		if (HMAC(EVP_sha512(), config->key_pem.ptr, (int)config->key_pem.len,
			 config->ca_pem.ptr, config->ca_pem.len, inner, &len) == NULL ||
		    HMAC(EVP_sha512(), inner, (int)len, label, sizeof label, keys + filled, &len) ==
			    NULL) {
			return false;
		}
		OPENSSL_cleanse(inner, sizeof inner);
		filled += len;
	}
	is_set = SSL_CTX_set_tlsext_ticket_keys(c->ssl, keys, TICKET_KEYS_SIZE) == 1;
	OPENSSL_cleanse(keys, sizeof keys);
	return is_set;
}

/* Takes the session over by returning 1. */
static int keep_session(SSL *ssl, SSL_SESSION *session)
{
	struct tls_context *c = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));

	SSL_SESSION_free(c->session);
	c->session = session;
	return 1;
}

static int allow_resumption(struct tls_context *c, const struct tls_config *config, struct why *why)
{
	static const unsigned char id[] = "bartizan";

	(void)SSL_CTX_set_timeout(c->ssl, TICKET_LIFETIME_S);
	if (!c->is_server) {
		SSL_CTX_set_session_cache_mode(c->ssl,
					       SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
		SSL_CTX_sess_set_new_cb(c->ssl, keep_session);
		return 0;
	}
	/* tickets hold all; the server keeps nothing */
	SSL_CTX_set_session_cache_mode(c->ssl, SSL_SESS_CACHE_OFF);
	if (SSL_CTX_set_session_id_context(c->ssl, id, sizeof id - 1) != 1 ||
	    SSL_CTX_set_num_tickets(c->ssl, 1) != 1 || !derive_ticket_keys(c, config)) {
		return openssl_why(why, ERR_IO, "cannot set up resumption");
	}
	return 0;
}

/*
 * Life
 */

static int set_rules(struct tls_context *c, struct why *why)
{
	char groups[] = "X25519:P-256"; /* OpenSSL's macro wants no const */

	SSL_CTX_set_app_data(c->ssl, c);
	SSL_CTX_set_mode(c->ssl, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
					 SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
					 SSL_MODE_NO_AUTO_CHAIN);
	/* one read of the socket for many small records */
	SSL_CTX_set_read_ahead(c->ssl, 1);
	if (SSL_CTX_set_min_proto_version(c->ssl, TLS1_3_VERSION) != 1 ||
	    SSL_CTX_set_max_proto_version(c->ssl, TLS1_3_VERSION) != 1 ||
	    SSL_CTX_set1_groups_list(c->ssl, groups) != 1) {
		return openssl_why(why, ERR_IO, "this OpenSSL cannot do what is needed");
	}
	return 0;
}

int tls_context_new(const struct tls_config *config, struct tls_context **out, struct why *why)
{
	OWNED(tls_context_free) struct tls_context *c = alloc_zeroed(1, sizeof *c);
	int error;

	c->owners = 1;
	c->is_server = config->is_server;
	c->ssl = SSL_CTX_new(config->is_server ? TLS_server_method() : TLS_client_method());
	c->socket_method = socket_method_new();
	if (c->ssl == NULL || c->socket_method == NULL) {
		return openssl_why(why, ERR_IO, "cannot set up TLS");
	}
	if ((error = set_rules(c, why)) != 0 || (error = trust(c, config, why)) != 0 ||
	    (error = identify(c, config, why)) != 0 ||
	    (error = offer_protocols(c, config->alpn, why)) != 0 ||
	    (error = allow_resumption(c, config, why)) != 0) {
		return error;
	}
	ERR_clear_error();
	*out = c;
	c = NULL;
	return 0;
}

struct tls_context *tls_context_share(struct tls_context *c)
{
	c->owners++;
	return c;
}

void tls_context_free(struct tls_context **context)
{
	struct tls_context *c = *context;

	*context = NULL;
	if (c == NULL || --c->owners > 0) {
		return;
	}
	SSL_SESSION_free(c->session);
	SSL_CTX_free(c->ssl);
	BIO_meth_free(c->socket_method);
	for (size_t i = 0; i < c->protocol_count; i++) {
		free(c->protocols[i]);
	}
	free(c);
}

bool tls_context_is_server(const struct tls_context *c)
{
	return c->is_server;
}

/* The server is known by one name, whatever address was dialled. */
static bool expect_server(SSL *ssl)
{
	char name[] = PKI_SERVER_NAME;

	SSL_set_hostflags(ssl, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
	return SSL_set1_host(ssl, name) == 1 && SSL_set_tlsext_host_name(ssl, name) == 1;
}

SSL *tls_context_connect(struct tls_context *c, int fd)
{
	SSL *ssl = SSL_new(c->ssl);
	BIO *bio = BIO_new(c->socket_method);

	if (ssl == NULL || bio == NULL || (!c->is_server && !expect_server(ssl))) {
		abort(); /* as all of alloc.h: it was memory that ended */
	}
	BIO_set_data(bio, (void *)(intptr_t)fd);
	BIO_set_init(bio, 1);
	SSL_set_bio(ssl, bio, bio);
	if (c->is_server) {
		SSL_set_accept_state(ssl);
	} else {
		SSL_set_connect_state(ssl);
		if (c->session != NULL) {
			(void)SSL_set_session(ssl, c->session);
		}
	}
	return ssl;
}
