/* trust.c - paths of certificates. */
#include "sys/trust.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/reader.h"
#include "base/sha256.h"
#include "base/writer.h"
#include "sys/alloc.h"
#include "sys/openssl_why.h"
#include "sys/pki_types.h"
#include "sys/trust_types.h"

/* Steps of a path; public ones have three or four. */
#define DEPTH_MAX 10

/* Issuers that were read before: thousands of servers send the same few, and reading one costs
 * OpenSSL 3.0 more than checking a signature. */
#define ISSUERS_MAX         256 /* each has one place; a newer one takes it */
#define ISSUER_DER_SIZE_MAX 8192

struct issuer {
	struct span der; /* owned */
	X509 *certificate;
};

/* What was said of a whole chain, which many names may share; it stands for the minute. */
#define VERDICTS_MAX  512
#define VERDICT_FOR_S 60

struct verdict {
	uint8_t sha256[SHA256_SIZE]; /* of all that was sent */
	int64_t time;                /* in VERDICT_FOR_S */
	struct trust_path path;      /* of length 0: none is here */
};

struct trust_store {
	X509_STORE *roots;
	struct issuer *issuers;   /* ISSUERS_MAX */
	struct verdict *verdicts; /* VERDICTS_MAX */
};

/* The system's file, and its folder of names that are hashes (c_rehash). OpenSSL's own default has
 * its "store" besides, which lists the whole folder for each issuer that it does not know. */
static int set_system_paths(X509_STORE *roots)
{
	X509_LOOKUP *files = X509_STORE_add_lookup(roots, X509_LOOKUP_file());
	X509_LOOKUP *folder = X509_STORE_add_lookup(roots, X509_LOOKUP_hash_dir());

	if (files == NULL || folder == NULL) {
		return 0;
	}
	(void)X509_LOOKUP_load_file(files, NULL, X509_FILETYPE_DEFAULT); /* there may be none */
	(void)X509_LOOKUP_add_dir(folder, NULL, X509_FILETYPE_DEFAULT);
	ERR_clear_error();
	return 1;
}

int trust_store_open(const char *file, struct trust_store **out, struct why *why)
{
	struct trust_store *store = alloc_zeroed(1, sizeof *store);
	int is_read = 0;

	store->issuers = alloc_zeroed(ISSUERS_MAX, sizeof *store->issuers);
	store->verdicts = alloc_zeroed(VERDICTS_MAX, sizeof *store->verdicts);
	store->roots = X509_STORE_new();
	if (store->roots != NULL) {
		is_read = file != NULL ? X509_STORE_load_file(store->roots, file)
				       : set_system_paths(store->roots);
	}
	if (is_read != 1) {
		trust_store_free(&store);
		return openssl_why(why, ERR_IO, file != NULL ? file : "reading the system's roots");
	}
	*out = store;
	return 0;
}

static void forget(struct issuer *issuer)
{
	const void *bytes = issuer->der.ptr;

	free((void *)(uintptr_t)bytes);
	pki_certificate_free(&issuer->certificate);
	*issuer = (struct issuer){ 0 };
}

void trust_store_free(struct trust_store **store)
{
	if (*store != NULL) {
		for (size_t i = 0; i < ISSUERS_MAX; i++) {
			forget(&(*store)->issuers[i]);
		}
		free((*store)->issuers);
		free((*store)->verdicts);
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

/* An issuer's place: its last octets are those of a signature, and so as good as a hash. */
static struct issuer *place_of(const struct trust_store *store, struct span der)
{
	struct reader end = reader_over(span_after(der, der.len - 4));

	return &store->issuers[reader_be32(&end) % ISSUERS_MAX];
}

/* Read now or before; the caller's. NULL where it cannot be read. */
static X509 *read_issuer(const struct trust_store *store, struct span der)
{
	struct issuer *issuer;
	X509 *certificate;
	uint8_t *copy;

	if (der.len < 4 || der.len > ISSUER_DER_SIZE_MAX) {
		return trust_read_certificate(der);
	}
	issuer = place_of(store, der);
	if (!span_equal(issuer->der, der)) {
		certificate = trust_read_certificate(der);
		if (certificate == NULL) {
			return NULL;
		}
		forget(issuer);
		copy = alloc_zeroed(der.len, 1);
		mem_copy(copy, der.ptr, der.len);
		*issuer = (struct issuer){ { copy, der.len }, certificate };
	}
	return X509_up_ref(issuer->certificate) == 1 ? issuer->certificate : NULL;
}

/* What was sent, by its place: the leaf first. */
struct sent {
	X509 *certificates[TRUST_CHAIN_MAX]; /* NULL: cannot be read */
	size_t count;
	STACK_OF(X509) * others; /* all but the leaf; borrows */
};

static struct sent read_sent(const struct trust_store *store, const struct span *chain,
			     size_t count)
{
	struct sent sent = { .others = sk_X509_new_null() };

	sent.count = count < TRUST_CHAIN_MAX ? count : TRUST_CHAIN_MAX;
	for (size_t i = 0; i < sent.count; i++) {
		X509 *one =
			i == 0 ? trust_read_certificate(chain[0]) : read_issuer(store, chain[i]);

		sent.certificates[i] = one;
		if (i > 0 && one != NULL && sent.others != NULL) {
			(void)sk_X509_push(sent.others, one);
		}
	}
	return sent;
}

static void free_sent(struct sent *sent)
{
	for (size_t i = 0; i < sent->count; i++) {
		pki_certificate_free(&sent->certificates[i]);
	}
	sk_X509_free(sent->others);
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

static bool is_in(STACK_OF(X509) * path, const X509 *certificate)
{
	for (int i = 0; certificate != NULL && i < sk_X509_num(path); i++) {
		if (X509_cmp(sk_X509_value(path, i), certificate) == 0) {
			return true;
		}
	}
	return false;
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

static void verify(const struct trust_store *store, const struct span *chain, size_t count,
		   int64_t now_s, struct trust_path *out)
{
	struct sent sent = read_sent(store, chain, count);
	X509 *leaf = sent.certificates[0];
	X509_STORE_CTX *context = X509_STORE_CTX_new();
	struct trust_path path = { 0 };
	STACK_OF(X509) * built;

	if (leaf == NULL) {
		fail(&path, TRUST_UNREADABLE, "the certificate cannot be read");
	} else if (context == NULL ||
		   X509_STORE_CTX_init(context, store->roots, leaf, sent.others) != 1) {
		fail(&path, TRUST_OTHER, "the path cannot be built");
	} else {
		build(context, now_s, &path);
		built = X509_STORE_CTX_get0_chain(context);
		path.length = built != NULL ? (unsigned)sk_X509_num(built) : 0;
		for (size_t i = 0; i < sent.count && built != NULL; i++) {
			path.used |= is_in(built, sent.certificates[i]) ? (uint16_t)(1u << i) : 0;
		}
	}
	X509_STORE_CTX_free(context);
	free_sent(&sent);
	(void)openssl_why(NULL, 0, "");
	*out = path;
}

static void hash_chain(const struct span *chain, size_t count, uint8_t out[SHA256_SIZE])
{
	struct sha256 hash;

	sha256_init(&hash);
	for (size_t i = 0; i < count && i < TRUST_CHAIN_MAX; i++) {
		uint8_t length[8];
		struct writer w = writer_over(length, sizeof length);

		writer_be64(&w, chain[i].len);
		sha256_add(&hash, writer_span(&w));
		sha256_add(&hash, chain[i]);
	}
	sha256_done(&hash, out);
}

void trust_verify(const struct trust_store *store, const struct span *chain, size_t count,
		  int64_t now_s, struct trust_path *out)
{
	struct verdict verdict = { .time = now_s / VERDICT_FOR_S };
	struct verdict *place;

	hash_chain(chain, count, verdict.sha256);
	place = &store->verdicts[(verdict.sha256[0] << 8 | verdict.sha256[1]) % VERDICTS_MAX];
	if (place->path.length == 0 || place->time != verdict.time ||
	    mem_compare(place->sha256, verdict.sha256, sizeof verdict.sha256) != 0) {
		verify(store, chain, count, now_s, &verdict.path);
		*place = verdict;
	}
	*out = place->path;
}
