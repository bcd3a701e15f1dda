/*
 * snapshot_store.c - read both, keep the newer; write the other.
 *
 * Nothing is synced: what a power cut tears is recognised by its SHA-256, and costs a comparison.
 */
#include "sensor/snapshot_store.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "sys/file.h"

#define PIECE_BYTES 65536

static int read_all(int fd, struct buffer *out)
{
	off_t offset = 0;

	for (;;) {
		uint8_t *at = buffer_reserve(out, PIECE_BYTES);
		ssize_t len;

		if (at == NULL) {
			return ERR_FULL;
		}
		len = pread(fd, at, PIECE_BYTES, offset);
		if (len < 0 && errno == EINTR) {
			continue;
		}
		if (len <= 0) {
			return len < 0 ? ERR_IO : 0;
		}
		buffer_grow(out, (size_t)len);
		offset += len;
	}
}

bool snapshot_store_open(struct snapshot_store *store, const int fds[STATE_SNAPSHOTS],
			 struct ledger *ledgers, size_t count)
{
	bool is_found = false;

	*store = (struct snapshot_store){ .next = 0 };
	memcpy(store->fds, fds, sizeof store->fds);
	for (int i = 0; i < STATE_SNAPSHOTS; i++) {
		struct buffer bytes OWNED(buffer_done);
		struct snapshot snapshot;

		buffer_init(&bytes, SNAPSHOT_BYTES_MAX + PIECE_BYTES);
		if (read_all(fds[i], &bytes) != 0 ||
		    snapshot_check(buffer_span(&bytes), &snapshot) != 0 ||
		    (is_found && snapshot.generation <= store->generation)) {
			continue;
		}
		for (size_t k = 0; k < count; k++) {
			ledger_clear(&ledgers[k]);
		}
		snapshot_load(&snapshot, ledgers, count);
		store->generation = snapshot.generation;
		store->next = (i + 1) % STATE_SNAPSHOTS;
		is_found = true;
	}
	return is_found;
}

void snapshot_store_close(struct snapshot_store *store)
{
	for (int i = 0; i < STATE_SNAPSHOTS; i++) {
		file_close(&store->fds[i]);
	}
}

int snapshot_store_write(struct snapshot_store *store, const struct ledger *ledgers, size_t count)
{
	struct buffer bytes OWNED(buffer_done);
	int error;

	buffer_init(&bytes, SNAPSHOT_BYTES_MAX);
	error = snapshot_encode(store->generation + 1, ledgers, count, &bytes);
	if (error == 0) {
		error = file_write_at(store->fds[store->next], buffer_span(&bytes), 0);
	}
	if (error == 0) {
		store->generation++;
		store->next = (store->next + 1) % STATE_SNAPSHOTS;
	}
	return error;
}
