/*
 * module_signature.h - the signature behind a kernel module (Linux,
 * include/linux/module_signature.h): PKCS #7 (RFC 5652), its length, a magic line.
 *
 * Says what the signature says of its signer. Nothing is verified: that is the kernel's business.
 */
#pragma once

#include "base/attr.h"
#include "base/reader.h"
#include "base/writer.h"

/* What stands at the very end of a signed module. */
#define MODULE_SIGNATURE_TRAILER_SIZE 40

/* Longer ones are refused: the kernel's own are below 4 KiB, those with certificates somewhat more.
 */
#define MODULE_SIGNATURE_MAX 65536

/* trailer: the file's last MODULE_SIGNATURE_TRAILER_SIZE bytes. out_len: how many bytes before them
 * are the signature. ERR_NOT_FOUND where the file is not signed; ERR_UNSUPPORTED for a signature of
 * another kind; ERR_LIMIT. */
MUST_USE int module_signature_trailer(struct span trailer, uint32_t *out_len);

/* Appends the common name of the signer's issuer, as modinfo(8) prints it; where it has none, the
 * whole name. ERR_MALFORMED; ERR_NOT_FOUND where the signer is told by its key's number only. */
MUST_USE int module_signature_signer(struct span signature, struct writer *w);
