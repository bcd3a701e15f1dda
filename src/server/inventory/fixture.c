/* fixture.c - rows and batches for tests. */
#include "server/inventory/fixture.h"

#include <assert.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "schema/schema.h"

static void must(int error, const struct why *why)
{
	if (error != 0) {
		fprintf(stderr, "error %d: %s\n", error, why->text);
		abort();
	}
}

void fixture_open(struct fixture *f)
{
	struct why why = { "" };

	snprintf(f->folder, sizeof f->folder, "/tmp/inventory-XXXXXX");
	if (mkdtemp(f->folder) == NULL) {
		abort();
	}
	snprintf(f->path, sizeof f->path, "%s/a.db", f->folder);
	must(inventory_open(f->path, &f->inv, &why), &why);
}

static void copy_file(const char *from, const char *to)
{
	static uint8_t block[1 << 16];
	int in = open(from, O_RDONLY | O_CLOEXEC);
	int out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	ssize_t len;

	assert(in >= 0 && out >= 0);
	while ((len = read(in, block, sizeof block)) > 0) {
		if (write(out, block, (size_t)len) != len) {
			abort();
		}
	}
	close(in);
	close(out);
}

void fixture_copy(const struct fixture *f, const char *to)
{
	char from_log[128];
	char to_log[128];

	snprintf(from_log, sizeof from_log, "%s-wal", f->path);
	snprintf(to_log, sizeof to_log, "%s-wal", to);
	copy_file(f->path, to);
	copy_file(from_log, to_log);
	snprintf(to_log, sizeof to_log, "%s-shm", to);
	(void)unlink(to_log);
}

static void remove_files(const char *path)
{
	char name[128];

	(void)unlink(path);
	snprintf(name, sizeof name, "%s-wal", path);
	(void)unlink(name);
	snprintf(name, sizeof name, "%s-shm", path);
	(void)unlink(name);
}

void fixture_crash(struct fixture *f)
{
	struct why why = { "" };
	char other[96];
	bool is_a = f->path[sizeof "/tmp/inventory-XXXXXX"] == 'a';

	snprintf(other, sizeof other, "%s/%c.db", f->folder, is_a ? 'b' : 'a');
	fixture_copy(f, other);
	inventory_close(&f->inv);
	remove_files(f->path);
	snprintf(f->path, sizeof f->path, "%s", other);
	must(inventory_open(f->path, &f->inv, &why), &why);
}

void fixture_close(struct fixture *f)
{
	inventory_close(&f->inv);
	remove_files(f->path);
	(void)rmdir(f->folder);
}

void fixture_rows_init(struct fixture_rows *rows)
{
	buffer_init(&rows->list, 64 << 20);
	buffer_init(&rows->hashes, 64 << 20);
	rows->count = 0;
}

void fixture_rows_done(struct fixture_rows *rows)
{
	buffer_done(&rows->list);
	buffer_done(&rows->hashes);
	rows->count = 0;
}

struct rowhash fixture_add(struct fixture_rows *rows, const struct row *row)
{
	static uint8_t bytes[ROW_BYTES_MAX];
	static uint8_t item[ROW_BYTES_MAX + 16];
	struct writer w = writer_over(bytes, sizeof bytes);
	struct writer list = writer_over(item, sizeof item);
	struct why why = { "a row" };
	struct rowhash hash;

	must(row_encode(row, &w), &why);
	hash = rowhash_of(row->table->number, writer_span(&w));
	row_list_append(&list, writer_span(&w));
	must(buffer_append(&rows->list, writer_span(&list)), &why);
	must(buffer_append(&rows->hashes, (struct span){ hash.bytes, sizeof hash.bytes }), &why);
	rows->count++;
	return hash;
}

struct rowhash fixture_add_package(struct fixture_rows *rows, const char *name, const char *version)
{
	struct row row;

	row_init(&row, schema_by_number(TABLE_PACKAGES));
	row_set_text(&row, PACKAGES_MANAGER, span_of("dpkg"));
	row_set_text(&row, PACKAGES_NAME, span_of(name));
	row_set_text(&row, PACKAGES_VERSION, span_of(version));
	row_set_text(&row, PACKAGES_ARCHITECTURE, span_of("amd64"));
	row_set_integer(&row, PACKAGES_SIZE_BYTES, 4096);
	return fixture_add(rows, &row);
}

struct rowhash fixture_add_group(struct fixture_rows *rows, const char *name, int64_t gid,
				 const char *const *members, size_t member_count)
{
	struct span items[16];
	struct row row;

	assert(member_count <= 16);
	for (size_t i = 0; i < member_count; i++) {
		items[i] = span_of(members[i]);
	}
	row_init(&row, schema_by_number(TABLE_GROUPS));
	row_set_text(&row, GROUPS_NAME, span_of(name));
	row_set_integer(&row, GROUPS_GID, gid);
	row_set_list(&row, GROUPS_MEMBERS, items, member_count);
	return fixture_add(rows, &row);
}

struct rowhash fixture_add_os(struct fixture_rows *rows, const char *hostname)
{
	struct row row;

	row_init(&row, schema_by_number(TABLE_OS));
	row_set_text(&row, OS_HOSTNAME, span_of(hostname));
	row_set_text(&row, OS_NAME, span_of("Debian GNU/Linux 12 (bookworm)"));
	return fixture_add(rows, &row);
}

struct rowhash fixture_add_address(struct fixture_rows *rows, const char *address)
{
	struct row row;

	row_init(&row, schema_by_number(TABLE_ADDRESSES));
	row_set_text(&row, ADDRESSES_INTERFACE, span_of("eth0"));
	row_set_text(&row, ADDRESSES_FAMILY, span_of("ipv4"));
	row_set_text(&row, ADDRESSES_ADDRESS, span_of(address));
	row_set_integer(&row, ADDRESSES_PREFIX_LENGTH, 24);
	row_set_text(&row, ADDRESSES_SCOPE, span_of("global"));
	return fixture_add(rows, &row);
}

static int compare_hashes(const void *a, const void *b)
{
	return rowhash_compare(a, b);
}

void fixture_sort(struct fixture_rows *rows)
{
	if (rows->count > 0) {
		qsort(rows->hashes.bytes, rows->count, ROWHASH_SIZE, compare_hashes);
	}
}

struct digest fixture_digest(const struct fixture_rows *rows)
{
	struct hash_list list = { buffer_span(&rows->hashes) };
	struct digest digest = { 0, 0 };

	for (size_t i = 0; i < hash_list_count(list); i++) {
		struct rowhash hash = hash_list_at(list, i);

		digest_add(&digest, &hash);
	}
	return digest;
}

struct message_batch fixture_delta(uint16_t table, uint64_t seq, const struct fixture_rows *removes,
				   const struct fixture_rows *adds)
{
	struct message_batch batch = {
		.table = table, .seq = seq, .observed_ms = 1000, .mode = BATCH_DELTA
	};

	if (removes != NULL) {
		batch.removes.bytes = buffer_span(&removes->hashes);
	}
	if (adds != NULL) {
		batch.adds.bytes = buffer_span(&adds->hashes);
		batch.rows = (struct row_list){ buffer_span(&adds->list), adds->count };
	}
	return batch;
}

struct inventory_result fixture_apply(struct fixture *f, uint32_t asset,
				      const struct message_batch *batch, int64_t now_ms)
{
	struct inventory_result result = { .outcome = INVENTORY_REFUSED };
	struct why why = { "" };

	must(inventory_begin(f->inv, &why), &why);
	must(inventory_apply(f->inv, asset, batch, now_ms, &result, &why), &why);
	must(inventory_commit(f->inv, &why), &why);
	return result;
}

uint32_t fixture_asset(struct fixture *f, unsigned n, int64_t now_ms)
{
	struct inventory_sensor sensor = { .kind = "agent", .version = "0.1.0" };
	struct why why = { "" };
	uint32_t asset;

	snprintf(sensor.id, sizeof sensor.id, "%016x", n);
	sensor.enrolled_ms = now_ms;
	must(inventory_begin(f->inv, &why), &why);
	must(inventory_enrol(f->inv, &sensor, &why), &why);
	must(inventory_asset(f->inv, sensor.id, now_ms, &asset, &why), &why);
	must(inventory_commit(f->inv, &why), &why);
	return asset;
}
