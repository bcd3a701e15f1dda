/* hardware.c - SMBIOS by way of /sys/class/dmi, /proc/cpuinfo, /proc/meminfo. */
#include <string.h>
#include <unistd.h>

#include "agent/collectors/table.h"
#include "formats/meminfo.h"
#include "formats/proc_cpuinfo.h"
#include "schema/schema.h"

#define FILE_MAX (4u << 20) /* /proc/cpuinfo of a thousand processors */

static void hardware_watch(struct signals *signals)
{
	signals_on_uevent(signals, TABLE_HARDWARE, "cpu");
}

struct smbios_file {
	unsigned column;
	const char *path;
};

static const struct smbios_file smbios[] = {
	{ HARDWARE_VENDOR, "/sys/class/dmi/id/sys_vendor" },
	{ HARDWARE_PRODUCT, "/sys/class/dmi/id/product_name" },
	{ HARDWARE_SERIAL, "/sys/class/dmi/id/product_serial" },
	{ HARDWARE_BIOS_VENDOR, "/sys/class/dmi/id/bios_vendor" },
	{ HARDWARE_BIOS_VERSION, "/sys/class/dmi/id/bios_version" },
	{ HARDWARE_BIOS_DATE, "/sys/class/dmi/id/bios_date" },
};

struct hypervisor {
	const char *mark; /* how vendor or product begin */
	const char *name;
};

static const struct hypervisor hypervisors[] = {
	{ "QEMU", "kvm" },
	{ "KVM", "kvm" },
	{ "Amazon EC2", "amazon" },
	{ "Google Compute Engine", "google" },
	{ "VMware", "vmware" },
	{ "VirtualBox", "oracle" },
	{ "innotek", "oracle" },
	{ "Xen", "xen" },
	{ "Microsoft Corporation", "microsoft" },
	{ "Parallels", "parallels" },
	{ "BHYVE", "bhyve" },
	{ "OpenStack", "kvm" },
};

static bool is_in_container(struct collection *c)
{
	struct tree_entry entry;

	return tree_look(c->machine->tree, "/run/systemd/container", &entry, NULL) == 0 ||
	       tree_look(c->machine->tree, "/run/.containerenv", &entry, NULL) == 0 ||
	       tree_look(c->machine->tree, "/.dockerenv", &entry, NULL) == 0;
}

static bool begins(const struct value *value, const char *mark)
{
	return value->kind == VALUE_TEXT && span_starts_with(value->text, mark);
}

/* The processor says that there is a hypervisor (the flag of that name), SMBIOS says which. */
static const char *virtualization(struct collection *c, const struct row *row, struct span cpuinfo)
{
	static const char flag[] = " hypervisor";

	if (is_in_container(c)) {
		return "container";
	}
	if (cpuinfo.len == 0 || memmem(cpuinfo.ptr, cpuinfo.len, flag, sizeof flag - 1) == NULL) {
		return "none";
	}
	for (size_t i = 0; i < COUNT_OF(hypervisors); i++) {
		if (begins(&row->values[HARDWARE_VENDOR], hypervisors[i].mark) ||
		    begins(&row->values[HARDWARE_PRODUCT], hypervisors[i].mark)) {
			return hypervisors[i].name;
		}
	}
	return "vm-other";
}

static int hardware_collect(struct collection *c)
{
	struct buffer texts[COUNT_OF(smbios)];
	struct buffer cpuinfo OWNED(buffer_done);
	struct buffer meminfo OWNED(buffer_done);
	struct row *row = collection_row(c);
	struct span model;
	uint64_t memory;

	buffer_init(&cpuinfo, FILE_MAX);
	buffer_init(&meminfo, FILE_MAX);
	for (size_t i = 0; i < COUNT_OF(smbios); i++) {
		buffer_init(&texts[i], 4096);
		if (machine_read_kernel(c->machine, smbios[i].path, &texts[i]) == 0) {
			row_set_text_if_any(row, smbios[i].column,
					    span_trim(buffer_span(&texts[i])));
		}
	}
	if (machine_read_kernel(c->machine, "/proc/cpuinfo", &cpuinfo) == 0 &&
	    proc_cpuinfo_model(buffer_span(&cpuinfo), &model) == 0) {
		row_set_text(row, HARDWARE_CPU, model);
	}
	if (machine_read_kernel(c->machine, "/proc/meminfo", &meminfo) == 0 &&
	    meminfo_total_bytes(buffer_span(&meminfo), &memory) == 0) {
		row_set_integer(row, HARDWARE_MEMORY_BYTES, (int64_t)memory);
	}
	row_set_integer(row, HARDWARE_CPUS, sysconf(_SC_NPROCESSORS_ONLN));
	row_set_text(row, HARDWARE_VIRTUALIZATION,
		     span_of(virtualization(c, row, buffer_span(&cpuinfo))));
	collection_emit(c);
	for (size_t i = 0; i < COUNT_OF(smbios); i++) {
		buffer_done(&texts[i]);
	}
	return 0;
}

const struct collector collector_hardware = {
	.name = "hardware",
	.summary = "machine, firmware, processors, memory, virtualization",
	.table = TABLE_HARDWARE,
	.watch = hardware_watch,
	.collect = hardware_collect,
};
