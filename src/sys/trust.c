/* trust.c - paths of certificates. */
#include "sys/trust.h"

#include <openssl/pem.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include <string.h>

#include "base/error.h"
#include "sys/alloc.h"
#include "sys/openssl_why.h"
#include "sys/pki_types.h"
#include "sys/trust_types.h"

/* Steps of a path; public ones have three or four. */
#define DEPTH_MAX 10

struct trust_store {
	X509_STORE *roots;
};

int trust_store_open(const char *file, struct trust_store **out, struct why *why)
{
	struct trust_store *store = alloc_zeroed(1, sizeof *store);
	int is_read = 0;

	store->roots = X509_STORE_new();
	if (store->roots != NULL) {
		is_read = file != NULL ? X509_STORE_load_file(store->roots, file)
				       : X509_STORE_set_default_paths(store->roots);
	}
	if (is_read != 1) {
		trust_store_free(&store);
		return openssl_why(why, ERR_IO, file != NULL ? file : "reading the system's roots");
	}
	*out = store;
	return 0;
}

void trust_store_free(struct trust_store **store)
{
	if (*store != NULL) {
		X509_STORE_free((*store)->roots);
		free(*store);
		*store = NULL;
	}
}

X509 *trust_read_certificate(struct span der)
{
	const uint8_t *at = der.ptr;

	return der.len == 0 || der.len > TRUST_DER_SIZE_MAX ? NULL
							    : d2i_X509(NULL, &at, (long)der.len);
}

void trust_certificates_free(STACK_OF(X509) * *certificates)
{
	sk_X509_pop_free(*certificates, X509_free);
	*certificates = NULL;
}

STACK_OF(X509) * trust_read_others(const struct span *chain, size_t count)
{
	STACK_OF(X509) *others = sk_X509_new_null();

	for (size_t i = 1; i < count && i < TRUST_CHAIN_MAX && others != NULL; i++) {
		X509 *certificate = trust_read_certificate(chain[i]);

		if (certificate != NULL && sk_X509_push(others, certificate) == 0) {
			pki_certificate_free(&certificate);
		}
	}
	return others;
}

static unsigned problem_of(int code, int depth)
{
	switch (code) {
	case X509_V_ERR_CERT_HAS_EXPIRED:
		return depth == 0 ? TRUST_EXPIRED : TRUST_ISSUER_EXPIRED;
	case X509_V_ERR_CERT_NOT_YET_VALID:
		return depth == 0 ? TRUST_NOT_YET : TRUST_ISSUER_EXPIRED;
	case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
		return TRUST_SELF_SIGNED;
	case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
	case X509_V_ERR_CERT_UNTRUSTED:
	case X509_V_ERR_CERT_REJECTED:
		return TRUST_UNKNOWN_ROOT;
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
	case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
		return TRUST_NO_ISSUER;
	case X509_V_ERR_CERT_SIGNATURE_FAILURE:
	case X509_V_ERR_UNABLE_TO_DECRYPT_CERT_SIGNATURE:
	case X509_V_ERR_UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY:
		return TRUST_BAD_SIGNATURE;
	case X509_V_ERR_INVALID_PURPOSE:
	case X509_V_ERR_INVALID_CA:
	case X509_V_ERR_PATH_LENGTH_EXCEEDED:
	case X509_V_ERR_KEYUSAGE_NO_CERTSIGN:
		return TRUST_NOT_A_SERVER;
	default:
		return TRUST_OTHER;
	}
}

/* Collects all complaints and lets OpenSSL go on; the first is kept as text. */
static int hear(int is_fine, X509_STORE_CTX *context)
{
	struct trust_path *path = X509_STORE_CTX_get_app_data(context);
	int code = X509_STORE_CTX_get_error(context);

	if (is_fine != 1) {
		path->problems |= problem_of(code, X509_STORE_CTX_get_error_depth(context));
		if (path->reason[0] == '\0') {
			snprintf(path->reason, sizeof path->reason, "%s",
				 X509_verify_cert_error_string(code));
		}
	}
	return 1;
}

static bool is_in(STACK_OF(X509) * path, struct span der)
{
	X509 *certificate = trust_read_certificate(der);
	bool found = false;

	for (int i = 0; certificate != NULL && i < sk_X509_num(path) && !found; i++) {
		found = X509_cmp(sk_X509_value(path, i), certificate) == 0;
	}
	pki_certificate_free(&certificate);
	return found;
}

static void fail(struct trust_path *path, unsigned problem, const char *reason)
{
	path->problems |= problem;
	if (path->reason[0] == '\0') {
		snprintf(path->reason, sizeof path->reason, "%s", reason);
	}
}

static void build(X509_STORE_CTX *context, int64_t now_s, struct trust_path *path)
{
	X509_VERIFY_PARAM *how = X509_STORE_CTX_get0_param(context);

	X509_STORE_CTX_set_app_data(context, path);
	X509_STORE_CTX_set_verify_cb(context, hear);
	X509_VERIFY_PARAM_set_time(how, (time_t)now_s);
	X509_VERIFY_PARAM_set_depth(how, DEPTH_MAX);
	X509_VERIFY_PARAM_set_auth_level(how, 0); /* strength is not judged here */
	if (X509_VERIFY_PARAM_set_purpose(how, X509_PURPOSE_SSL_SERVER) != 1 ||
	    X509_verify_cert(context) < 0) {
		fail(path, TRUST_OTHER, "the path cannot be built");
	}
}

void trust_verify(const struct trust_store *store, const struct span *chain, size_t count,
		  int64_t now_s, struct trust_path *out)
{
	X509 *leaf = count > 0 ? trust_read_certificate(chain[0]) : NULL;
	OWNED(trust_certificates_free) STACK_OF(X509) *others = trust_read_others(chain, count);
	X509_STORE_CTX *context = X509_STORE_CTX_new();
	struct trust_path path = { 0 };
	STACK_OF(X509) * built;

	if (leaf == NULL) {
		fail(&path, TRUST_UNREADABLE, "the certificate cannot be read");
	} else if (context == NULL ||
		   X509_STORE_CTX_init(context, store->roots, leaf, others) != 1) {
		fail(&path, TRUST_OTHER, "the path cannot be built");
	} else {
		build(context, now_s, &path);
		built = X509_STORE_CTX_get0_chain(context);
		path.length = built != NULL ? (unsigned)sk_X509_num(built) : 0;
		for (size_t i = 0; i < count && i < TRUST_CHAIN_MAX && built != NULL; i++) {
			path.used |= is_in(built, chain[i]) ? (uint16_t)(1u << i) : 0;
		}
	}
	X509_STORE_CTX_free(context);
	pki_certificate_free(&leaf);
	(void)openssl_why(NULL, 0, "");
	*out = path;
}
