/* signature.c - one-shot verification; Ed25519 has no streaming form. */
#include "sys/signature.h"

#include <limits.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "base/error.h"

static EVP_PKEY *read_key(struct span pem)
{
	BIO *bio = pem.len <= INT_MAX ? BIO_new_mem_buf(pem.ptr, (int)pem.len) : NULL;
	EVP_PKEY *key = bio != NULL ? PEM_read_bio_PUBKEY(bio, NULL, NULL, NULL) : NULL;

	BIO_free(bio);
	return key;
}

int signature_verify(struct span public_key_pem, struct span bytes, struct span signature)
{
	EVP_PKEY *key = read_key(public_key_pem);
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	int error = ERR_MALFORMED;

	if (key != NULL && context != NULL && EVP_PKEY_id(key) == EVP_PKEY_ED25519) {
		error = ERR_DENIED;
		if (signature.len == SIGNATURE_SIZE &&
		    EVP_DigestVerifyInit(context, NULL, NULL, NULL, key) == 1 &&
		    EVP_DigestVerify(context, signature.ptr, signature.len, bytes.ptr, bytes.len) ==
			    1) {
			error = 0;
		}
	}
	EVP_MD_CTX_free(context);
	EVP_PKEY_free(key);
	return error;
}
