/*
 * audit.c - the audit log: hash(n) = SHA-256(hash(n-1) | CBOR [n, at_ms, actor, action, subject,
 * tenant]), hash(0) being 32 zero bytes. Whoever noted a hash can later prove
 * that nothing before it was altered.
 */
#include "server/tenants/platform.h"

#include "base/error.h"
#include "base/mem.h"
#include "base/sha256.h"
#include "wire/cbor.h"

/* The canonical bytes of an entry, all its texts together. */
#define AUDIT_BYTES_MAX 2096

#define AUDIT_COLUMNS "no, at_ms, actor, action, subject, tenant, hash"

static int hash_entry(const uint8_t before[SHA256_SIZE], const struct audit_entry *entry,
		      uint8_t out[SHA256_SIZE])
{
	const char *const texts[] = { entry->actor, entry->action, entry->subject, entry->tenant };
	uint8_t room[AUDIT_BYTES_MAX];
	struct writer w = writer_over(room, sizeof room);
	struct sha256 h;

	cbor_write_array(&w, 2 + COUNT_OF(texts));
	cbor_write_int(&w, entry->no);
	cbor_write_int(&w, entry->at_ms);
	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		cbor_write_text(&w, span_of(texts[i]));
	}
	if (!writer_ok(&w)) {
		return ERR_LIMIT;
	}
	sha256_init(&h);
	sha256_add(&h, (struct span){ before, SHA256_SIZE });
	sha256_add(&h, writer_span(&w));
	sha256_done(&h, out);
	return 0;
}

/* The columns of AUDIT_COLUMNS; texts are valid until the next step. A hash of another size is all
 * zero. */
static void take_entry(sqlite3_stmt *s, struct audit_entry *out)
{
	const void *hash = sqlite3_column_blob(s, 6);

	*out = (struct audit_entry){
		.no = sqlite3_column_int64(s, 0),
		.at_ms = sqlite3_column_int64(s, 1),
		.actor = (const char *)sqlite3_column_text(s, 2),
		.action = (const char *)sqlite3_column_text(s, 3),
		.subject = (const char *)sqlite3_column_text(s, 4),
		.tenant = (const char *)sqlite3_column_text(s, 5),
	};
	if (sqlite3_column_bytes(s, 6) == SHA256_SIZE) {
		mem_copy(out->hash, hash, SHA256_SIZE);
	}
}

static int last_entry(struct platform *p, int64_t *out_no, uint8_t out_hash[SHA256_SIZE],
		      struct why *why)
{
	sqlite3_stmt *s OWNED(platform_finish) =
		platform_prepare(p, "SELECT " AUDIT_COLUMNS " FROM audit ORDER BY no DESC LIMIT 1");
	struct audit_entry entry;
	int error = platform_row(p, s, why);

	if (error == ERR_NOT_FOUND) {
		*out_no = 0;
		mem_zero(out_hash, SHA256_SIZE);
		return 0;
	}
	if (error == 0) {
		take_entry(s, &entry);
		*out_no = entry.no;
		mem_copy(out_hash, entry.hash, SHA256_SIZE);
	}
	return error;
}

static int insert_entry(struct platform *p, const struct audit_entry *entry, struct why *why)
{
	sqlite3_stmt *s OWNED(platform_finish) = platform_prepare(
		p, "INSERT INTO audit(" AUDIT_COLUMNS ") VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)");

	(void)sqlite3_bind_int64(s, 1, entry->no);
	(void)sqlite3_bind_int64(s, 2, entry->at_ms);
	platform_bind_text(s, 3, entry->actor);
	platform_bind_text(s, 4, entry->action);
	platform_bind_text(s, 5, entry->subject);
	platform_bind_text(s, 6, entry->tenant);
	platform_bind_blob(s, 7, entry->hash, sizeof entry->hash);
	return platform_run(p, s, why);
}

static int append(struct platform *p, struct audit_entry *entry, struct why *why)
{
	uint8_t before[SHA256_SIZE];
	int error = last_entry(p, &entry->no, before, why);

	if (error != 0) {
		return error;
	}
	entry->no++;
	error = hash_entry(before, entry, entry->hash);
	if (error != 0) {
		return why_set(why, error, "an audit entry's text is too long");
	}
	return insert_entry(p, entry, why);
}

int audit_add(struct platform *p, int64_t now_ms, const char *actor, const char *action,
	      const char *subject, const char *tenant, struct why *why)
{
	struct audit_entry entry = { .at_ms = now_ms,
				     .actor = actor,
				     .action = action,
				     .subject = subject,
				     .tenant = tenant };
	int error = platform_begin(p, why);

	if (error != 0) {
		return error;
	}
	error = append(p, &entry, why);
	if (error != 0) {
		platform_rollback(p);
		return error;
	}
	return platform_commit(p, why);
}

int audit_each(struct platform *p, size_t limit, int64_t before,
	       bool (*each)(void *context, const struct audit_entry *entry), void *context)
{
	sqlite3_stmt *s OWNED(platform_finish) = platform_prepare(
		p, "SELECT " AUDIT_COLUMNS " FROM audit WHERE no < ?2 ORDER BY no DESC LIMIT ?1");
	struct audit_entry entry;
	int error;

	(void)sqlite3_bind_int64(s, 2, before > 0 ? before : INT64_MAX);
	(void)sqlite3_bind_int64(s, 1, limit > INT64_MAX ? INT64_MAX : (int64_t)limit);
	while ((error = platform_row(p, s, NULL)) == 0) {
		take_entry(s, &entry);
		if (!each(context, &entry)) {
			return 0;
		}
	}
	return error == ERR_NOT_FOUND ? 0 : error;
}

int audit_verify(struct platform *p, int64_t *out_bad_no)
{
	sqlite3_stmt *s OWNED(platform_finish) =
		platform_prepare(p, "SELECT " AUDIT_COLUMNS " FROM audit ORDER BY no");
	uint8_t before[SHA256_SIZE] = { 0 };
	struct audit_entry entry;
	int64_t expected = 1;
	int error;

	for (; (error = platform_row(p, s, NULL)) == 0; expected++) {
		uint8_t hash[SHA256_SIZE];

		take_entry(s, &entry);
		if (entry.no != expected || hash_entry(before, &entry, hash) != 0 ||
		    mem_compare(hash, entry.hash, SHA256_SIZE) != 0) {
			*out_bad_no = expected;
			return ERR_CONFLICT;
		}
		mem_copy(before, hash, SHA256_SIZE);
	}
	return error == ERR_NOT_FOUND ? 0 : error;
}
