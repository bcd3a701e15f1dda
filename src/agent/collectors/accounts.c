/*
 * accounts.c - shadow(5): how each account's password stands.
 *
 * No byte of a hash is reported. The file is read into one piece of memory, which is wiped.
 */
#include "agent/collectors/table.h"
#include "sensor/secret.h"
#include "formats/shadow.h"
#include "schema/schema.h"

#define FILE_MAX    (16u << 20)
#define READ_BYTES  65536
#define DAY_SECONDS 86400

static void set_days(struct row *row, unsigned column, int64_t days)
{
	if (days != SHADOW_NONE) {
		row_set_integer(row, column, days);
	}
}

static void set_day(struct row *row, unsigned column, int64_t day)
{
	if (day != SHADOW_NONE) {
		row_set_integer(row, column, day * DAY_SECONDS);
	}
}

static void emit(struct collection *c, const struct shadow_entry *entry)
{
	struct row *row = collection_row(c);

	row_set_text(row, ACCOUNTS_NAME, entry->name);
	row_set_boolean(row, ACCOUNTS_IS_LOCKED, entry->is_locked);
	row_set_boolean(row, ACCOUNTS_HAS_PASSWORD, entry->has_password);
	row_set_text_if_any(row, ACCOUNTS_ALGORITHM, span_of(entry->algorithm));
	set_day(row, ACCOUNTS_LAST_CHANGE, entry->last_change);
	set_days(row, ACCOUNTS_MIN_DAYS, entry->min_days);
	set_days(row, ACCOUNTS_MAX_DAYS, entry->max_days);
	set_days(row, ACCOUNTS_WARN_DAYS, entry->warn_days);
	set_days(row, ACCOUNTS_INACTIVE_DAYS, entry->inactive_days);
	set_day(row, ACCOUNTS_EXPIRES, entry->expires);
	collection_emit(c);
}

static int accounts_collect(struct collection *c)
{
	struct buffer file OWNED(buffer_done);
	struct tree_entry status;
	struct shadow_iterator it;
	struct shadow_entry entry;
	int error;

	buffer_init(&file, FILE_MAX);
	error = tree_look(c->machine->tree, "/etc/shadow", &status, NULL);
	/* room for all of it at once: growing would leave copies behind */
	if (error != 0 || status.size > FILE_MAX - READ_BYTES ||
	    buffer_reserve(&file, (size_t)status.size + READ_BYTES) == NULL) {
		return collection_missing(error);
	}
	error = tree_read(c->machine->tree, "/etc/shadow", &file);
	if (error == 0) {
		it = shadow_over(buffer_span(&file));
		while (shadow_next(&it, &entry)) {
			emit(c, &entry);
		}
	}
	secret_wipe(buffer_span(&file));
	return collection_missing(error);
}

const struct collector collector_accounts = {
	.name = "accounts",
	.summary = "/etc/shadow without its hashes",
	.table = TABLE_ACCOUNTS,
	.collect = accounts_collect,
};
