/* trust_ocsp.c - stapled answers about revocation (RFC 6960). */
#include <openssl/ocsp.h>
#include <openssl/x509v3.h>

#include "base/mem.h"
#include "sys/openssl_why.h"
#include "sys/pki_types.h"
#include "sys/trust.h"
#include "sys/trust_types.h"

/* Clocks may differ by so much. */
#define CLOCK_SLACK_S (5 * 60)

static int64_t seconds_of(const ASN1_GENERALIZEDTIME *time)
{
	struct tm parts;
	int days;
	int seconds;
	ASN1_TIME *epoch;

	if (time == NULL || ASN1_TIME_to_tm(time, &parts) != 1) {
		return 0;
	}
	epoch = ASN1_TIME_set(NULL, 0);
	if (epoch == NULL || ASN1_TIME_diff(&days, &seconds, epoch, time) != 1) {
		ASN1_STRING_free(epoch);
		return 0;
	}
	ASN1_STRING_free(epoch);
	return (int64_t)days * 86400 + seconds;
}

static void none(struct trust_ocsp *out, const char *reason)
{
	out->status = TRUST_STATUS_NONE;
	snprintf(out->reason, sizeof out->reason, "%s", reason);
}

/* The certificate among others that issued the leaf; NULL where it is not there. Borrowed. */
static X509 *issuer_of(X509 *leaf, STACK_OF(X509) * others)
{
	for (int i = 0; i < sk_X509_num(others); i++) {
		if (X509_check_issued(sk_X509_value(others, i), leaf) == X509_V_OK) {
			return sk_X509_value(others, i);
		}
	}
	return NULL;
}

/* Signed by the issuer, or by one to whom it delegated that (section 4.2.2.2). */
static bool is_signed_by(OCSP_BASICRESP *basic, X509 *issuer, STACK_OF(X509) * others,
			 int64_t now_s)
{
	X509_STORE *store = X509_STORE_new();
	X509_VERIFY_PARAM *how = store == NULL ? NULL : X509_STORE_get0_param(store);
	bool is_signed = false;

	if (how != NULL && X509_STORE_add_cert(store, issuer) == 1) {
		X509_VERIFY_PARAM_set_time(how, (time_t)now_s);
		/* the issuer is an end here, root or not */
		X509_VERIFY_PARAM_set_flags(how, X509_V_FLAG_PARTIAL_CHAIN);
		is_signed = OCSP_basic_verify(basic, others, store, 0) == 1;
	}
	X509_STORE_free(store);
	return is_signed;
}

static void copy_scts(OCSP_SINGLERESP *single, struct trust_ocsp *out)
{
	int at = OCSP_SINGLERESP_get_ext_by_NID(single, NID_ct_cert_scts, -1);
	const ASN1_OCTET_STRING *value;
	ASN1_OCTET_STRING *list;
	const uint8_t *bytes;

	if (at < 0) {
		return;
	}
	value = X509_EXTENSION_get_data(OCSP_SINGLERESP_get_ext(single, at));
	bytes = ASN1_STRING_get0_data(value);
	list = d2i_ASN1_OCTET_STRING(NULL, &bytes, ASN1_STRING_length(value));
	if (list != NULL && (size_t)ASN1_STRING_length(list) <= sizeof out->sct_list) {
		out->sct_list_len = (size_t)ASN1_STRING_length(list);
		mem_copy(out->sct_list, ASN1_STRING_get0_data(list), out->sct_list_len);
	}
	ASN1_OCTET_STRING_free(list);
}

static OCSP_SINGLERESP *find_single(OCSP_BASICRESP *basic, X509 *leaf, X509 *issuer)
{
	/* responders choose the hash of the identifier */
	const EVP_MD *const hashes[] = { EVP_sha1(), EVP_sha256() };

	for (size_t i = 0; i < COUNT_OF(hashes); i++) {
		OCSP_CERTID *id = OCSP_cert_to_id(hashes[i], leaf, issuer);
		int at = id == NULL ? -1 : OCSP_resp_find(basic, id, -1);

		OCSP_CERTID_free(id);
		if (at >= 0) {
			return OCSP_resp_get0(basic, at);
		}
	}
	return NULL;
}

static void read_single(OCSP_SINGLERESP *single, int64_t now_s, struct trust_ocsp *out)
{
	ASN1_GENERALIZEDTIME *revoked_at = NULL;
	ASN1_GENERALIZEDTIME *this_update = NULL;
	ASN1_GENERALIZEDTIME *next_update = NULL;
	int why = -1;
	int status = OCSP_single_get0_status(single, &why, &revoked_at, &this_update, &next_update);

	out->this_update_s = seconds_of(this_update);
	out->next_update_s = seconds_of(next_update);
	copy_scts(single, out);
	if (out->this_update_s > now_s + CLOCK_SLACK_S ||
	    (out->next_update_s != 0 && out->next_update_s < now_s - CLOCK_SLACK_S)) {
		out->is_out_of_date = true;
		none(out, "the response is out of date");
	} else if (status == V_OCSP_CERTSTATUS_REVOKED) {
		out->status = TRUST_STATUS_REVOKED;
		out->revoked_at_s = seconds_of(revoked_at);
	} else {
		out->status =
			status == V_OCSP_CERTSTATUS_GOOD ? TRUST_STATUS_GOOD : TRUST_STATUS_UNKNOWN;
	}
}

static void judge(OCSP_BASICRESP *basic, X509 *leaf, STACK_OF(X509) * others, int64_t now_s,
		  struct trust_ocsp *out)
{
	X509 *issuer = issuer_of(leaf, others);
	OCSP_SINGLERESP *single;

	if (issuer == NULL) {
		none(out, "the issuer's certificate was not sent, so that nothing can be checked");
		return;
	}
	single = find_single(basic, leaf, issuer);
	if (single == NULL) {
		none(out, "the response is about another certificate");
	} else if (!is_signed_by(basic, issuer, others, now_s)) {
		none(out, "the response is not signed by the issuer");
	} else {
		read_single(single, now_s, out);
	}
}

void trust_read_ocsp(struct span response, const struct span *chain, size_t count, int64_t now_s,
		     struct trust_ocsp *out)
{
	const uint8_t *at = response.ptr;
	X509 *leaf = count > 0 ? trust_read_certificate(chain[0]) : NULL;
	OWNED(trust_certificates_free) STACK_OF(X509) *others = trust_read_others(chain, count);
	OCSP_RESPONSE *read = response.len == 0 || response.len > TRUST_OCSP_SIZE_MAX
				      ? NULL
				      : d2i_OCSP_RESPONSE(NULL, &at, (long)response.len);
	OCSP_BASICRESP *basic = read == NULL ? NULL : OCSP_response_get1_basic(read);
	struct trust_ocsp found = { 0 };

	if (leaf == NULL || others == NULL) {
		none(&found, "the certificate cannot be read");
	} else if (read != NULL && OCSP_response_status(read) != OCSP_RESPONSE_STATUS_SUCCESSFUL) {
		none(&found, OCSP_response_status_str(OCSP_response_status(read)));
	} else if (basic == NULL) {
		none(&found, "the response cannot be read");
	} else {
		judge(basic, leaf, others, now_s, &found);
	}
	OCSP_BASICRESP_free(basic);
	OCSP_RESPONSE_free(read);
	pki_certificate_free(&leaf);
	(void)openssl_why(NULL, 0, "");
	*out = found;
}
