/* machine.c - opening what collectors read. */
#include "agent/machine.h"

#include <fcntl.h>
#include <linux/netlink.h>

#include "agent/netlink_dump.h"
#include "agent/offers.h"
#include "agent/package_owners.h"
#include "agent/process_files.h"
#include "agent/served_listeners.h"
#include "agent/socket_owners.h"
#include "base/error.h"
#include "sys/alloc.h"
#include "sys/file.h"
#include "sys/log.h"
#include "wire/policy.h"

/* A kernel may lack one of them: the tables behind it then say that they cannot be read. */
static int open_dump(int protocol, const char *tables)
{
	struct why why;
	int fd;

	if (netlink_dump_open(protocol, &fd, &why) != 0) {
		log_warn("the kernel does not tell some tables", log_text("tables", tables),
			 log_text("reason", why.text));
		return -1;
	}
	return fd;
}

int machine_open(const char *root, struct machine *out, struct why *why)
{
	struct machine m = { .route_fd = -1, .diag_fd = -1, .filter_fd = -1 };
	int error = tree_new(root, &m.tree, why);

	if (error != 0) {
		return error;
	}
	m.is_live = tree_is_live(m.tree);
	m.nothing_set = alloc_zeroed(1, sizeof *m.nothing_set);
	m.policy = m.nothing_set;
	m.offers = offers_new();
	m.not_of_go = alloc_zeroed(MACHINE_NOT_OF_GO, sizeof *m.not_of_go);
	if (m.is_live) {
		m.owners = socket_owners_new();
		m.served = served_listeners_new();
		m.package_owners = package_owners_new();
		m.process_files = process_files_new();
		m.route_fd = open_dump(NETLINK_ROUTE, "interfaces, addresses, routes, neighbours");
		m.diag_fd = open_dump(NETLINK_SOCK_DIAG, "listeners");
		if (netlink_dump_open(NETLINK_NETFILTER, &m.filter_fd, why) != 0) {
			m.filter_fd = -1; /* a kernel without netfilter */
		}
	}
	*out = m;
	return 0;
}

void machine_close(struct machine *machine)
{
	tree_free(&machine->tree);
	alloc_free(&machine->nothing_set);
	socket_owners_free(&machine->owners);
	served_listeners_free(&machine->served);
	offers_free(&machine->offers);
	alloc_free(&machine->not_of_go);
	package_owners_free(&machine->package_owners);
	process_files_free(&machine->process_files);
	file_close(&machine->route_fd);
	file_close(&machine->diag_fd);
	file_close(&machine->filter_fd);
}

int machine_read_kernel(const struct machine *machine, const char *path, struct buffer *out)
{
	return machine->is_live ? file_read_at(AT_FDCWD, path, false, out) : ERR_NOT_FOUND;
}
