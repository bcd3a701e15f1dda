/*
 * file_capabilities.c - struct vfs_ns_cap_data, little endian:
 *
 *	magic_etc  u32  version in the top byte, bit 0: effective
 *	permitted, inheritable  u32 each  once (version 1) or twice (2, 3), lower half first
 *	rootid  u32  version 3 only
 */
#include "formats/file_capabilities.h"

#include "base/error.h"
#include "base/reader.h"

#define VERSION_MASK 0xff000000u
#define VERSION_1    0x01000000u
#define VERSION_2    0x02000000u
#define VERSION_3    0x03000000u
#define EFFECTIVE    1u

/* Flags in the order that libcap prints groups of capabilities, highest first. */
enum { FLAG_E = 1, FLAG_P = 2, FLAG_I = 4, FLAG_SETS = 8 };

static const char *const names[] = {
	"cap_chown",
	"cap_dac_override",
	"cap_dac_read_search",
	"cap_fowner",
	"cap_fsetid",
	"cap_kill",
	"cap_setgid",
	"cap_setuid",
	"cap_setpcap",
	"cap_linux_immutable",
	"cap_net_bind_service",
	"cap_net_broadcast",
	"cap_net_admin",
	"cap_net_raw",
	"cap_ipc_lock",
	"cap_ipc_owner",
	"cap_sys_module",
	"cap_sys_rawio",
	"cap_sys_chroot",
	"cap_sys_ptrace",
	"cap_sys_pacct",
	"cap_sys_admin",
	"cap_sys_boot",
	"cap_sys_nice",
	"cap_sys_resource",
	"cap_sys_time",
	"cap_sys_tty_config",
	"cap_mknod",
	"cap_lease",
	"cap_audit_write",
	"cap_audit_control",
	"cap_setfcap",
	"cap_mac_override",
	"cap_mac_admin",
	"cap_syslog",
	"cap_wake_alarm",
	"cap_block_suspend",
	"cap_audit_read",
	"cap_perfmon",
	"cap_bpf",
	"cap_checkpoint_restore",
};

int file_capabilities_parse(struct span attribute, struct file_capabilities *out)
{
	struct reader r = reader_over(attribute);
	struct file_capabilities found = { 0 };
	uint32_t magic = reader_le32(&r);
	uint32_t version = magic & VERSION_MASK;

	found.is_effective = (magic & EFFECTIVE) != 0;
	found.permitted = reader_le32(&r);
	found.inheritable = reader_le32(&r);
	if (version == VERSION_2 || version == VERSION_3) {
		found.permitted |= (uint64_t)reader_le32(&r) << 32;
		found.inheritable |= (uint64_t)reader_le32(&r) << 32;
	}
	if (version == VERSION_3) {
		found.root_id = reader_le32(&r);
	}
	if (!reader_done(&r)) {
		return ERR_MALFORMED;
	}
	if (version != VERSION_1 && version != VERSION_2 && version != VERSION_3) {
		return ERR_UNSUPPORTED;
	}
	*out = found;
	return 0;
}

static unsigned flags_of(const struct file_capabilities *c, size_t number)
{
	unsigned flags = ((c->permitted >> number & 1) != 0 ? FLAG_P : 0u) |
			 ((c->inheritable >> number & 1) != 0 ? FLAG_I : 0u);

	return flags != 0 && c->is_effective ? flags | FLAG_E : flags;
}

static void write_flags(struct writer *out, const char *sign, unsigned flags)
{
	if (flags == 0) {
		return;
	}
	writer_text(out, sign);
	writer_text(out, (flags & FLAG_E) != 0 ? "e" : "");
	writer_text(out, (flags & FLAG_I) != 0 ? "i" : "");
	writer_text(out, (flags & FLAG_P) != 0 ? "p" : "");
}

/* The flags that most capabilities have: the others are told against these. */
static unsigned most_frequent(const struct file_capabilities *c)
{
	size_t counts[FLAG_SETS] = { 0 };
	unsigned most = 0;

	for (size_t i = 0; i < COUNT_OF(names); i++) {
		counts[flags_of(c, i)]++;
	}
	for (unsigned flags = 1; flags < FLAG_SETS; flags++) {
		most = counts[flags] > counts[most] ? flags : most;
	}
	return most;
}

static void write_group(const struct file_capabilities *c, unsigned flags, unsigned base,
			struct writer *out, size_t start)
{
	bool is_first = writer_used(out) == start;
	size_t count = 0;

	for (size_t i = 0; i < COUNT_OF(names); i++) {
		if (flags_of(c, i) == flags) {
			writer_text(out, count > 0 ? "," : is_first ? "" : " ");
			writer_text(out, names[i]);
			count++;
		}
	}
	if (count > 0) {
		write_flags(out, is_first ? "=" : "+", flags & ~base);
		write_flags(out, "-", base & ~flags);
	}
}

void file_capabilities_write(const struct file_capabilities *capabilities, struct writer *out)
{
	size_t start = writer_used(out);
	unsigned base = most_frequent(capabilities);

	write_flags(out, "=", base);
	for (unsigned flags = FLAG_SETS; flags-- > 0;) {
		if (flags != base) {
			write_group(capabilities, flags, base, out, start);
		}
	}
	if (capabilities->root_id != 0) {
		writer_text(out, " [rootid=");
		writer_decimal(out, capabilities->root_id);
		writer_text(out, "]");
	}
}
