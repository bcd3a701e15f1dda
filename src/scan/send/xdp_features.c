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

/* One question at a time, and its answer. */
struct talk {
	int fd;
	struct {
		struct nlmsghdr head;
		struct genlmsghdr generic;
		struct nlattr attribute;
		uint8_t value[16];
	} question;
	uint8_t answer[ANSWER_MAX];
};

/* Asks for one object by one attribute, whose type and value are set; the answer's attributes. */
static int ask(struct talk *talk, uint16_t family, uint8_t command, size_t value_size,
	       struct netlink_attributes *out)
{
	struct netlink_iterator it;
	struct netlink_message message;
	ssize_t got;

	talk->question.attribute.nla_len = (uint16_t)(NLA_HDRLEN + value_size);
	talk->question.generic = (struct genlmsghdr){ .cmd = command, .version = 1 };
	talk->question.head = (struct nlmsghdr){
		.nlmsg_len =
			(uint32_t)(NLMSG_HDRLEN + GENL_HDRLEN + NLA_HDRLEN + NLA_ALIGN(value_size)),
		.nlmsg_type = family,
		.nlmsg_flags = NLM_F_REQUEST,
	};
	if (send(talk->fd, &talk->question, talk->question.head.nlmsg_len, 0) < 0) {
		return ERR_IO;
	}
	got = recv(talk->fd, talk->answer, sizeof talk->answer, 0);
	if (got < 0) {
		return ERR_IO;
	}
	it = netlink_over((struct span){ talk->answer, (size_t)got });
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

static int find_family(struct talk *talk, uint16_t *out)
{
	static const char name[] = "netdev";
	struct netlink_attributes attributes;
	int error;

	talk->question.attribute.nla_type = CTRL_ATTR_FAMILY_NAME;
	memcpy(talk->question.value, name, sizeof name);
	error = ask(talk, GENL_ID_CTRL, CTRL_CMD_GETFAMILY, sizeof name, &attributes);
	if (error != 0) {
		return error;
	}
	return find(attributes, CTRL_ATTR_FAMILY_ID, out, sizeof *out) ? 0 : ERR_UNSUPPORTED;
}

static int find_features(struct talk *talk, uint16_t family, uint32_t interface, uint64_t *out)
{
	struct netlink_attributes attributes;
	int error;

	talk->question.attribute.nla_type = NETDEV_A_DEV_IFINDEX;
	memcpy(talk->question.value, &interface, sizeof interface);
	error = ask(talk, family, NETDEV_CMD_DEV_GET, sizeof interface, &attributes);
	if (error != 0) {
		return error;
	}
	return find(attributes, NETDEV_A_DEV_XDP_FEATURES, out, sizeof *out) ? 0 : ERR_UNSUPPORTED;
}

int xdp_features_ask(unsigned interface, uint64_t *out)
{
	int fd OWNED(file_close) = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC);
	struct talk talk = { .fd = fd };
	uint16_t family;
	int error = fd < 0 ? ERR_IO : find_family(&talk, &family);

	return error != 0 ? error : find_features(&talk, family, interface, out);
}
