/* devices.c - what is plugged into USB and PCI, from /sys/bus. */
#include <string.h>

#include "agent/collectors/sysfs.h"
#include "agent/collectors/table.h"
#include "schema/schema.h"

#define USB "/sys/bus/usb/devices"
#define PCI "/sys/bus/pci/devices"

static void devices_watch(struct signals *signals)
{
	signals_on_uevent(signals, TABLE_DEVICES, "usb");
	signals_on_uevent(signals, TABLE_DEVICES, "pci");
}

/* An attribute as it is, but "0x8086" as "8086". */
static void set(struct row *row, unsigned column, const struct machine *machine, const char *path,
		const char *name, uint8_t text[SYSFS_TEXT_MAX])
{
	struct span value = sysfs_text(machine, path, name, text);

	row_set_text_if_any(row, column,
			    span_starts_with(value, "0x") ? span_after(value, 2) : value);
}

struct texts {
	uint8_t vendor_id[SYSFS_TEXT_MAX];
	uint8_t product_id[SYSFS_TEXT_MAX];
	uint8_t vendor[SYSFS_TEXT_MAX];
	uint8_t product[SYSFS_TEXT_MAX];
	uint8_t class[SYSFS_TEXT_MAX];
	uint8_t serial[SYSFS_TEXT_MAX];
	char driver[TREE_PATH_SIZE];
};

static void emit_usb(void *context, const char *name)
{
	struct collection *c = context;
	const struct machine *machine = c->machine;
	char path[TREE_PATH_SIZE];
	struct texts texts;
	struct row *row;

	/* "1-1:1.0" is an interface of the device 1-1 */
	if (strchr(name, ':') != NULL || tree_join(USB, name, path) != 0) {
		return;
	}
	row = collection_row(c);
	row_set_text(row, DEVICES_BUS, span_of("usb"));
	row_set_text(row, DEVICES_ADDRESS, span_of(name));
	set(row, DEVICES_VENDOR_ID, machine, path, "idVendor", texts.vendor_id);
	set(row, DEVICES_PRODUCT_ID, machine, path, "idProduct", texts.product_id);
	set(row, DEVICES_VENDOR, machine, path, "manufacturer", texts.vendor);
	set(row, DEVICES_PRODUCT, machine, path, "product", texts.product);
	set(row, DEVICES_CLASS, machine, path, "bDeviceClass", texts.class);
	set(row, DEVICES_SERIAL, machine, path, "serial", texts.serial);
	row_set_text_if_any(row, DEVICES_DRIVER, sysfs_link(machine, path, "driver", texts.driver));
	collection_emit(c);
}

static void emit_pci(void *context, const char *name)
{
	struct collection *c = context;
	const struct machine *machine = c->machine;
	char path[TREE_PATH_SIZE];
	struct texts texts;
	struct row *row;

	if (tree_join(PCI, name, path) != 0) {
		return;
	}
	row = collection_row(c);
	row_set_text(row, DEVICES_BUS, span_of("pci"));
	row_set_text(row, DEVICES_ADDRESS, span_of(name));
	set(row, DEVICES_VENDOR_ID, machine, path, "vendor", texts.vendor_id);
	set(row, DEVICES_PRODUCT_ID, machine, path, "device", texts.product_id);
	set(row, DEVICES_CLASS, machine, path, "class", texts.class);
	row_set_text_if_any(row, DEVICES_DRIVER, sysfs_link(machine, path, "driver", texts.driver));
	collection_emit(c);
}

static int devices_collect(struct collection *c)
{
	sysfs_each(c->machine, USB, emit_usb, c);
	sysfs_each(c->machine, PCI, emit_pci, c);
	return 0;
}

const struct collector collector_devices = {
	.name = "devices",
	.summary = "devices on USB and PCI, in /sys/bus",
	.table = TABLE_DEVICES,
	.watch = devices_watch,
	.collect = devices_collect,
};
