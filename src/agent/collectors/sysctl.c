/*
 * sysctl.c - the kernel's settings that hardening guides judge, read from /proc/sys.
 *
 * The keys are those of the CIS benchmark for Debian 12, of the kernel self-protection project and
 * of systemd's and Debian's own defaults. A key that this kernel lacks gives no row.
 */
#include <stdio.h>

#include "agent/collectors/table.h"
#include "schema/schema.h"
#include "sys/file.h"

#define PERIOD_MS 60000
#define VALUE_MAX 8192
#define PATH_SIZE 128

static const char *const keys[] = {
	"dev.tty.ldisc_autoload",
	"dev.tty.legacy_tiocsti",
	"fs.binfmt_misc.status",
	"fs.protected_fifos",
	"fs.protected_hardlinks",
	"fs.protected_regular",
	"fs.protected_symlinks",
	"fs.suid_dumpable",
	"kernel.core_pattern",
	"kernel.core_uses_pid",
	"kernel.ctrl-alt-del",
	"kernel.dmesg_restrict",
	"kernel.ftrace_enabled",
	"kernel.io_uring_disabled",
	"kernel.kexec_load_disabled",
	"kernel.kptr_restrict",
	"kernel.modules_disabled",
	"kernel.oops_limit",
	"kernel.panic",
	"kernel.panic_on_oops",
	"kernel.perf_event_paranoid",
	"kernel.randomize_va_space",
	"kernel.sysrq",
	"kernel.unprivileged_bpf_disabled",
	"kernel.unprivileged_userns_clone",
	"kernel.warn_limit",
	"kernel.yama.ptrace_scope",
	"net.core.bpf_jit_enable",
	"net.core.bpf_jit_harden",
	"net.ipv4.conf.all.accept_redirects",
	"net.ipv4.conf.all.accept_source_route",
	"net.ipv4.conf.all.arp_ignore",
	"net.ipv4.conf.all.arp_announce",
	"net.ipv4.conf.all.forwarding",
	"net.ipv4.conf.all.log_martians",
	"net.ipv4.conf.all.rp_filter",
	"net.ipv4.conf.all.secure_redirects",
	"net.ipv4.conf.all.send_redirects",
	"net.ipv4.conf.default.accept_redirects",
	"net.ipv4.conf.default.accept_source_route",
	"net.ipv4.conf.default.forwarding",
	"net.ipv4.conf.default.log_martians",
	"net.ipv4.conf.default.rp_filter",
	"net.ipv4.conf.default.secure_redirects",
	"net.ipv4.conf.default.send_redirects",
	"net.ipv4.icmp_echo_ignore_all",
	"net.ipv4.icmp_echo_ignore_broadcasts",
	"net.ipv4.icmp_ignore_bogus_error_responses",
	"net.ipv4.ip_forward",
	"net.ipv4.tcp_rfc1337",
	"net.ipv4.tcp_syncookies",
	"net.ipv4.tcp_timestamps",
	"net.ipv6.conf.all.accept_ra",
	"net.ipv6.conf.all.accept_redirects",
	"net.ipv6.conf.all.accept_source_route",
	"net.ipv6.conf.all.disable_ipv6",
	"net.ipv6.conf.all.forwarding",
	"net.ipv6.conf.all.use_tempaddr",
	"net.ipv6.conf.default.accept_ra",
	"net.ipv6.conf.default.accept_redirects",
	"net.ipv6.conf.default.accept_source_route",
	"net.ipv6.conf.default.disable_ipv6",
	"net.ipv6.conf.default.use_tempaddr",
	"user.max_user_namespaces",
	"vm.mmap_min_addr",
	"vm.mmap_rnd_bits",
	"vm.mmap_rnd_compat_bits",
	"vm.overcommit_memory",
	"vm.swappiness",
	"vm.unprivileged_userfaultfd",
};

/* What sysctl.d(5) and sysctl(8) load. A change there is worth a look at once. */
static const char *const folders[] = { "/etc/sysctl.d", "/run/sysctl.d", "/usr/local/lib/sysctl.d",
				       "/usr/lib/sysctl.d" };

static void sysctl_watch(struct signals *signals)
{
	signals_on_period(signals, TABLE_SYSCTL, PERIOD_MS);
}

/* Nothing of these is reported: looking at them is what wakes the table. */
static void look_at_files(struct tree *tree)
{
	int fd;

	if (tree_open(tree, "/etc/sysctl.conf", &fd) == 0) {
		file_close(&fd);
	}
	for (size_t i = 0; i < COUNT_OF(folders); i++) {
		struct tree_folder *folder = NULL;

		if (tree_folder_open(tree, folders[i], &folder) == 0) {
			tree_folder_close(&folder);
		}
	}
}

static void collect_key(struct collection *c, const char *key, struct buffer *file)
{
	struct row *row = collection_row(c);
	char path[PATH_SIZE];

	snprintf(path, sizeof path, "/proc/sys/%s", key);
	for (char *dot = path; *dot != '\0'; dot++) {
		if (*dot == '.') {
			*dot = '/';
		}
	}
	buffer_clear(file);
	if (machine_read_kernel(c->machine, path, file) != 0) {
		return; /* another kernel, or not ours to read */
	}
	row_set_text(row, SYSCTL_KEY, span_of(key));
	row_set_text(row, SYSCTL_VALUE, span_trim(buffer_span(file)));
	collection_emit(c);
}

static int sysctl_collect(struct collection *c)
{
	struct buffer file OWNED(buffer_done);

	buffer_init(&file, VALUE_MAX);
	if (!c->machine->is_live) {
		return 0;
	}
	look_at_files(c->machine->tree);
	for (size_t i = 0; i < COUNT_OF(keys); i++) {
		collect_key(c, keys[i], &file);
	}
	return 0;
}

const struct collector collector_sysctl = {
	.name = "sysctl",
	.summary = "kernel settings that hardening guides judge, from /proc/sys",
	.table = TABLE_SYSCTL,
	.watch = sysctl_watch,
	.collect = sysctl_collect,
};
