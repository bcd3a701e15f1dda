/*
 * xdp_features.c - the kernel's generic netlink family "netdev"
 * (Documentation/netlink/specs/netdev.yaml), asked once.
 */
#include "scan/send/xdp_features.h"

#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"
#include "formats/netlink.h"
#include "sys/file.h"

#define ANSWER_MAX 8192 /* of the family's description; the device's takes some 100 bytes */

enum { NETDEV_CMD_DEV_GET = 1 };
enum { NETDEV_A_DEV_IFINDEX = 1, NETDEV_A_DEV_XDP_FEATURES = 3 };

struct question {
	struct nlmsghdr head;
	struct genlmsghdr generic;
	struct nlattr attribute;
	uint8_t value[16];
};

/* Asks for one object by one attribute; its attributes point into answer. */
static int ask(int fd, uint16_t family, uint8_t command, struct question *q, size_t value_size,
	       uint8_t answer[ANSWER_MAX], struct netlink_attributes *out)
{
	struct netlink_iterator it;
	struct netlink_message message;
	ssize_t got;

	q->attribute.nla_len = (uint16_t)(NLA_HDRLEN + value_size);
	q->generic = (struct genlmsghdr){ .cmd = command, .version = 1 };
	q->head = (struct nlmsghdr){
		.nlmsg_len =
			(uint32_t)(NLMSG_HDRLEN + GENL_HDRLEN + NLA_HDRLEN + NLA_ALIGN(value_size)),
		.nlmsg_type = family,
		.nlmsg_flags = NLM_F_REQUEST,
	};
	if (send(fd, q, q->head.nlmsg_len, 0) < 0) {
		return ERR_IO;
	}
	got = recv(fd, answer, ANSWER_MAX, 0);
	if (got < 0) {
		return ERR_IO;
	}
	it = netlink_over((struct span){ answer, (size_t)got });
	if (!netlink_next(&it, &message) || message.type < NLMSG_MIN_TYPE) {
		return ERR_UNSUPPORTED;
	}
	*out = netlink_attributes_over(span_after(message.payload, GENL_HDRLEN));
	return 0;
}

static bool find(struct netlink_attributes attributes, uint16_t type, void *out, size_t size)
{
	struct netlink_attribute attribute;

	while (netlink_attributes_next(&attributes, &attribute)) {
		if (attribute.type == type && attribute.value.len == size) {
			memcpy(out, attribute.value.ptr, size);
			return true;
		}
	}
	return false;
}

static int ask_both(int fd, unsigned interface, uint64_t *out)
{
	struct question family = { .attribute.nla_type = CTRL_ATTR_FAMILY_NAME, .value = "netdev" };
	struct question device = { .attribute.nla_type = NETDEV_A_DEV_IFINDEX };
	uint8_t answer[ANSWER_MAX];
	struct netlink_attributes attributes;
	uint16_t number;
	uint32_t index = interface;
	uint64_t features;
	int error = ask(fd, GENL_ID_CTRL, CTRL_CMD_GETFAMILY, &family, sizeof "netdev", answer,
			&attributes);

	if (error != 0) {
		return error;
	}
	if (!find(attributes, CTRL_ATTR_FAMILY_ID, &number, sizeof number)) {
		return ERR_UNSUPPORTED;
	}
	memcpy(device.value, &index, sizeof index);
	error = ask(fd, number, NETDEV_CMD_DEV_GET, &device, sizeof index, answer, &attributes);
	if (error != 0) {
		return error;
	}
	if (!find(attributes, NETDEV_A_DEV_XDP_FEATURES, &features, sizeof features)) {
		return ERR_UNSUPPORTED;
	}
	*out = features;
	return 0;
}

int xdp_features_ask(unsigned interface, uint64_t *out)
{
	int fd OWNED(file_close) = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC);

	return fd < 0 ? ERR_IO : ask_both(fd, interface, out);
}
