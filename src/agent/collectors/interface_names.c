/* interface_names.c - a small array; machines with thousands of interfaces are rare. */
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "agent/collectors/interface_names.h"
#include "agent/netlink_dump.h"
#include "sys/alloc.h"

void interface_names_done(struct interface_names *names)
{
	alloc_free(&names->names);
	*names = (struct interface_names){ .count = 0 };
}

void interface_names_add(struct interface_names *names, uint32_t index, struct span name)
{
	struct interface_name *added;

	if (names->count == INTERFACES_MAX || name.len >= INTERFACE_NAME_SIZE) {
		return;
	}
	if (names->count == names->capacity) {
		names->capacity = names->capacity == 0 ? 16 : 2 * names->capacity;
		names->names = alloc_resize(names->names, names->capacity, sizeof *names->names);
	}
	added = &names->names[names->count++];
	memset(added, 0, sizeof *added);
	added->index = index;
	memcpy(added->name, name.ptr, name.len);
}

const char *interface_names_find(const struct interface_names *names, uint32_t index)
{
	for (size_t i = 0; i < names->count; i++) {
		if (names->names[i].index == index) {
			return names->names[i].name;
		}
	}
	return NULL;
}

static void take(void *context, const struct netlink_message *message)
{
	struct netlink_link link;

	if (netlink_link_parse(message, &link) == 0) {
		interface_names_add(context, link.index, link.name);
	}
}

int interface_names_read(const struct machine *machine, struct interface_names *out)
{
	const struct ifinfomsg all = { .ifi_family = AF_UNSPEC };

	*out = (struct interface_names){ .count = 0 };
	return netlink_dump(machine->route_fd, RTM_GETLINK,
			    (struct span){ (const uint8_t *)&all, sizeof all }, take, out);
}
