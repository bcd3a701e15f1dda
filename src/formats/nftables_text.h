/* nftables_text.h - what nftables.c and nftables_text.c share. */
#pragma once

#include "formats/netlink.h"

/* The next expression of a rule; false at the end. */
bool nftables_expressions_next(struct netlink_attributes *it, struct span *out_name,
			       struct span *out_data);
