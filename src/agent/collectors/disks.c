/* disks.c - block devices, from /sys/class/block. */
#include <stdlib.h>
#include <string.h>

#include "agent/collectors/sysfs.h"
#include "agent/collectors/table.h"
#include "schema/schema.h"
#include "sys/alloc.h"

#define FOLDER "/sys/class/block"

/* The size attribute counts in these, whatever the device's own sectors are. */
#define SECTOR_BYTES 512

#define PARENTS_MAX   64
#define NAME_SIZE     64
#define SCSI_TYPE_ROM 5

/* Devices on devices: a file system on crypt on lvm on raid on partitions is five. */
#define LAYERS_MAX 8

struct disk {
	char path[TREE_PATH_SIZE];
	char link[TREE_PATH_SIZE]; /* scratch */
	char parents[PARENTS_MAX][NAME_SIZE];
	size_t parent_count;
	bool is_partition;
};

static void disks_watch(struct signals *signals)
{
	signals_on_uevent(signals, TABLE_DISKS, "block");
}

static void take_parent(void *context, const char *name)
{
	struct disk *disk = context;
	size_t len = strlen(name);

	if (disk->parent_count < PARENTS_MAX && len < NAME_SIZE) {
		memcpy(disk->parents[disk->parent_count++], name, len + 1);
	}
}

static int by_name(const void *a, const void *b)
{
	return strcmp(a, b);
}

/* ../../devices/.../block/sda/sda1: the folder of a partition lies in that of its disk. */
static void take_disk_of_partition(struct disk *disk)
{
	char *last = strrchr(disk->link, '/');

	if (last != NULL) {
		*last = '\0';
		last = strrchr(disk->link, '/');
		take_parent(disk, last != NULL ? last + 1 : disk->link);
	}
}

static bool look(const struct machine *machine, const char *name, struct disk *out)
{
	char slaves[TREE_PATH_SIZE];
	uint8_t text[SYSFS_TEXT_MAX];

	out->parent_count = 0;
	if (tree_join(FOLDER, name, out->path) != 0 ||
	    tree_join(out->path, "slaves", slaves) != 0) {
		return false;
	}
	out->is_partition = sysfs_text(machine, out->path, "partition", text).len > 0;
	if (out->is_partition) {
		if (sysfs_link(machine, FOLDER, name, out->link).len > 0) {
			take_disk_of_partition(out);
		}
	} else {
		sysfs_each(machine, slaves, take_parent, out);
	}
	qsort(out->parents, out->parent_count, NAME_SIZE, by_name);
	return true;
}

/* The device mapper's users write what they are in front of their identity (dm/uuid). */
static const char *type_of_mapped(struct span uuid)
{
	static const struct {
		const char *prefix;
		const char *type;
	} types[] = { { "CRYPT-", "crypt" },
		      { "LVM-", "lvm" },
		      { "mpath-", "multipath" },
		      { "part", "partition" },
		      { "DMRAID-", "raid" } };

	for (size_t i = 0; i < COUNT_OF(types); i++) {
		if (span_starts_with(uuid, types[i].prefix)) {
			return types[i].type;
		}
	}
	return "dm";
}

static const char *type_of(const struct machine *machine, const char *name, const struct disk *disk)
{
	const struct span bytes = span_of(name);
	uint8_t text[SYSFS_TEXT_MAX];

	if (disk->is_partition) {
		return "partition";
	}
	if (span_starts_with(bytes, "dm-")) {
		return type_of_mapped(sysfs_text(machine, disk->path, "dm/uuid", text));
	}
	if (span_starts_with(bytes, "md")) {
		return "raid";
	}
	if (span_starts_with(bytes, "loop")) {
		return "loop";
	}
	if (span_starts_with(bytes, "ram") || span_starts_with(bytes, "zram")) {
		return "ram";
	}
	return sysfs_number(machine, disk->path, "device/type", 0) == SCSI_TYPE_ROM ? "rom"
										    : "disk";
}

static bool is_crypt(const struct machine *machine, const char *path)
{
	uint8_t text[SYSFS_TEXT_MAX];

	return span_starts_with(sysfs_text(machine, path, "dm/uuid", text), "CRYPT-");
}

struct search {
	const struct machine *machine;
	const char *side; /* "slaves" or "holders" */
	const char *path;
	unsigned layers;
	bool is_found;
};

static void search_crypt(void *context, const char *name)
{
	struct search *above = context;
	char *path OWNED(alloc_free) = alloc_zeroed(1, TREE_PATH_SIZE);
	char *side OWNED(alloc_free) = alloc_zeroed(1, TREE_PATH_SIZE);
	struct search search = *above;

	if (above->is_found || above->layers == LAYERS_MAX || tree_join(FOLDER, name, path) != 0 ||
	    tree_join(path, above->side, side) != 0) {
		return;
	}
	search.layers++;
	search.is_found = is_crypt(above->machine, path);
	if (!search.is_found) {
		sysfs_each(above->machine, side, search_crypt, &search);
	}
	above->is_found = search.is_found;
}

/* Upwards only to a holder at once: an encrypted volume does not make the group that it lies in so.
 */
static bool is_encrypted(const struct machine *machine, const char *name, const struct disk *disk)
{
	struct search below = { .machine = machine, .side = "slaves" };
	struct search above = { .machine = machine, .side = "holders", .layers = LAYERS_MAX - 1 };
	char holders[TREE_PATH_SIZE];

	search_crypt(&below, name);
	if (!below.is_found && tree_join(disk->path, "holders", holders) == 0) {
		sysfs_each(machine, holders, search_crypt, &above);
	}
	return below.is_found || above.is_found;
}

/* NVMe and MMC: device/serial; virtio: serial; SCSI: the page of vital product data, four bytes of
 * head, then the number (SPC-4, 7.8.15). */
static struct span serial_of(const struct machine *machine, const struct disk *disk,
			     uint8_t out[SYSFS_TEXT_MAX])
{
	struct span text = sysfs_text(machine, disk->path, "device/serial", out);

	if (text.len == 0) {
		text = sysfs_text(machine, disk->path, "serial", out);
	}
	if (text.len == 0) {
		text = span_trim(
			span_after(sysfs_text(machine, disk->path, "device/vpd_pg80", out), 4));
	}
	return text;
}

static bool is_removable(const struct machine *machine, const struct disk *disk)
{
	char path[TREE_PATH_SIZE];

	if (!disk->is_partition) {
		return sysfs_number(machine, disk->path, "removable", 0) != 0;
	}
	return disk->parent_count > 0 && tree_join(FOLDER, disk->parents[0], path) == 0 &&
	       sysfs_number(machine, path, "removable", 0) != 0;
}

static void emit(void *context, const char *name)
{
	struct collection *c = context;
	const struct machine *machine = c->machine;
	struct disk *disk OWNED(alloc_free) = alloc_zeroed(1, sizeof *disk);
	struct span parents[PARENTS_MAX];
	uint8_t model[SYSFS_TEXT_MAX];
	uint8_t serial[SYSFS_TEXT_MAX];
	uint64_t sectors;
	struct row *row;

	if (!look(machine, name, disk)) {
		return;
	}
	sectors = sysfs_number(machine, disk->path, "size", 0);
	if (sectors == 0 || sectors > INT64_MAX / SECTOR_BYTES) {
		return; /* a loop device without a file, a drive without a medium */
	}
	row = collection_row(c);
	row_set_text(row, DISKS_NAME, span_of(name));
	row_set_text(row, DISKS_TYPE, span_of(type_of(machine, name, disk)));
	row_set_integer(row, DISKS_SIZE_BYTES, (int64_t)(sectors * SECTOR_BYTES));
	row_set_text_if_any(row, DISKS_MODEL,
			    sysfs_text(machine, disk->path, "device/model", model));
	row_set_text_if_any(row, DISKS_SERIAL, serial_of(machine, disk, serial));
	row_set_boolean(row, DISKS_IS_REMOVABLE, is_removable(machine, disk));
	row_set_boolean(row, DISKS_IS_READ_ONLY, sysfs_number(machine, disk->path, "ro", 0) != 0);
	row_set_boolean(row, DISKS_IS_ENCRYPTED, is_encrypted(machine, name, disk));
	for (size_t i = 0; i < disk->parent_count; i++) {
		parents[i] = span_of(disk->parents[i]);
	}
	if (disk->parent_count > 0) {
		row_set_list(row, DISKS_PARENTS, parents, disk->parent_count);
	}
	collection_emit(c);
}

static int disks_collect(struct collection *c)
{
	sysfs_each(c->machine, FOLDER, emit, c);
	return 0;
}

const struct collector collector_disks = {
	.name = "disks",
	.summary = "block devices in /sys/class/block",
	.table = TABLE_DISKS,
	.watch = disks_watch,
	.collect = disks_collect,
};
