/* machine.c - opening what collectors read. */
#include "agent/machine.h"

#include <fcntl.h>
#include <linux/netlink.h>

#include "agent/netlink_dump.h"
#include "agent/socket_owners.h"
#include "base/error.h"
#include "sys/file.h"
#include "wire/policy.h"

/* Everything as the sensor would have it. */
static const struct policy nothing_set;

int machine_open(const char *root, struct machine *out, struct why *why)
{
	struct machine m = {
		.route_fd = -1, .diag_fd = -1, .filter_fd = -1, .policy = &nothing_set
	};
	int error = tree_new(root, &m.tree, why);

	if (error != 0) {
		return error;
	}
	m.is_live = tree_is_live(m.tree);
	if (m.is_live) {
		m.owners = socket_owners_new();
		error = netlink_dump_open(NETLINK_ROUTE, &m.route_fd, why);
		if (error == 0) {
			error = netlink_dump_open(NETLINK_SOCK_DIAG, &m.diag_fd, why);
		}
	}
	if (error == 0 && m.is_live &&
	    netlink_dump_open(NETLINK_NETFILTER, &m.filter_fd, why) != 0) {
		m.filter_fd = -1; /* a kernel without netfilter */
	}
	if (error != 0) {
		machine_close(&m);
		return error;
	}
	*out = m;
	return 0;
}

void machine_close(struct machine *machine)
{
	tree_free(&machine->tree);
	socket_owners_free(&machine->owners);
	file_close(&machine->route_fd);
	file_close(&machine->diag_fd);
	file_close(&machine->filter_fd);
}

int machine_read_kernel(const struct machine *machine, const char *path, struct buffer *out)
{
	return machine->is_live ? file_read_at(AT_FDCWD, path, false, out) : ERR_NOT_FOUND;
}
