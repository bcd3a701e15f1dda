/*
 * nftables_text.c - a rule as nft(8) would say it, or nearly.
 *
 * A rule is a little program on registers: "load what, compare with what, verdict". What was loaded
 * into a register is remembered until it is compared, looked up or used.
 */
#include "formats/nftables_text.h"

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

#include "formats/address_text.h"
#include "formats/nftables.h"

#define REGISTERS     16
#define ATTRIBUTE_MAX 16
#define V4_SIZE       4
#define V6_SIZE       16

enum value_kind {
	KIND_BYTES,  /* hexadecimal */
	KIND_NUMBER, /* network order */
	KIND_HOST,   /* this machine's order */
	KIND_NAME,   /* text, NULs behind */
	KIND_ADDRESS,
	KIND_ADDRESS_6,
	KIND_PROTOCOL,
	KIND_FAMILY,
	KIND_STATE,
};

/* What a register holds: "ip saddr", or a place in the packet; masked by the last bitwise. */
struct loaded {
	const char *what;
	enum value_kind kind;
	struct span mask;
	struct span value; /* of immediate, for nat */
	uint32_t base;     /* where what is NULL: raw payload */
	uint32_t offset;
	uint32_t len;
	bool is_pending;
};

struct rule_text {
	struct writer *out;
	size_t start;
	uint8_t family; /* of the packet, as far as the rule has said */
	uint8_t protocol;
	struct loaded registers[REGISTERS];
};

/* The attributes of an expression by their number; absent ones are empty. */
struct attributes {
	struct span values[ATTRIBUTE_MAX];
};

static struct attributes read_attributes(struct span data)
{
	struct netlink_attributes it = netlink_attributes_over(data);
	struct netlink_attribute attribute;
	struct attributes found = { 0 };

	while (netlink_attributes_next(&it, &attribute)) {
		if (attribute.type < ATTRIBUTE_MAX) {
			found.values[attribute.type] = attribute.value;
		}
	}
	return found;
}

static uint32_t number_of(const struct attributes *a, unsigned type)
{
	struct reader r = reader_over(a->values[type]);

	return reader_be32(&r);
}

static struct span text_of(const struct attributes *a, unsigned type)
{
	return span_first(a->values[type], span_find(a->values[type], 0));
}

/* The bytes of an attribute that holds NFTA_DATA_VALUE. */
static struct span data_of(const struct attributes *a, unsigned type)
{
	return read_attributes(a->values[type]).values[NFTA_DATA_VALUE];
}

/* Registers of 16 bytes are numbered 1 to 4, of 4 bytes 8 to 23; they are the same memory. */
static struct loaded *register_of(struct rule_text *t, uint32_t number)
{
	uint32_t index = number >= NFT_REG32_00 ? number - NFT_REG32_00 : (number - 1) * 4;

	return &t->registers[index < REGISTERS ? index : 0];
}

static void space(struct rule_text *t)
{
	if (writer_used(t->out) > t->start) {
		writer_u8(t->out, ' ');
	}
}

static void say(struct rule_text *t, const char *word)
{
	space(t);
	writer_text(t->out, word);
}

static void write_named(struct rule_text *t, const char *word, struct span name)
{
	say(t, word);
	writer_u8(t->out, ' ');
	writer_bytes(t->out, name);
}

static void write_what(struct rule_text *t, const struct loaded *loaded)
{
	static const char *const bases[] = { "@ll,", "@nh,", "@th,", "@ih," };

	if (loaded->what != NULL) {
		writer_text(t->out, loaded->what);
		return;
	}
	writer_text(t->out, loaded->base < COUNT_OF(bases) ? bases[loaded->base] : "@?,");
	writer_decimal(t->out, 8ull * loaded->offset);
	writer_text(t->out, ",");
	writer_decimal(t->out, 8ull * loaded->len);
}

static const char *protocol_name(uint8_t number)
{
	switch (number) {
	case 1:
		return "icmp";
	case 2:
		return "igmp";
	case 6:
		return "tcp";
	case 17:
		return "udp";
	case 33:
		return "dccp";
	case 47:
		return "gre";
	case 50:
		return "esp";
	case 51:
		return "ah";
	case 58:
		return "ipv6-icmp";
	case 132:
		return "sctp";
	case 136:
		return "udplite";
	default:
		return NULL;
	}
}

static void write_states(struct writer *out, struct span bits)
{
	static const char *const names[] = { "invalid", "established", "related", "new" };
	uint32_t state = 0;
	size_t count = 0;

	for (size_t i = bits.len < 4 ? bits.len : 4; i-- > 0;) { /* a number of this machine */
		size_t at = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? i : 3 - i;

		state = state << 8 | (at < bits.len ? bits.ptr[at] : 0u);
	}
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		if ((state >> i & 1) != 0) {
			writer_text(out, count++ > 0 ? "," : "");
			writer_text(out, names[i]);
		}
	}
	if ((state >> 6 & 1) != 0) {
		writer_text(out, count++ > 0 ? ",untracked" : "untracked");
	}
	if (count == 0) {
		writer_decimal(out, state);
	}
}

static void write_hex(struct writer *out, struct span bytes)
{
	static const char digits[] = "0123456789abcdef";

	writer_text(out, "0x");
	for (size_t i = 0; i < bytes.len; i++) {
		writer_u8(out, (uint8_t)digits[bytes.ptr[i] >> 4]);
		writer_u8(out, (uint8_t)digits[bytes.ptr[i] & 15]);
	}
}

static void write_number(struct writer *out, struct span bytes, bool is_host)
{
	bool is_reversed = is_host && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__;
	uint64_t number = 0;

	if (bytes.len > 8) {
		write_hex(out, bytes);
		return;
	}
	for (size_t i = 0; i < bytes.len; i++) {
		number = number << 8 | bytes.ptr[is_reversed ? bytes.len - 1 - i : i];
	}
	writer_decimal(out, number);
}

static void write_name(struct writer *out, struct span value)
{
	size_t end = span_find(value, 0);

	writer_text(out, "\"");
	writer_bytes(out, span_first(value, end));
	writer_text(out, end == value.len ? "*\"" : "\""); /* nft compares less for eth* */
}

/* nft compares the first bytes alone where a prefix ends with one. */
static void write_address(struct writer *out, struct span value, size_t size)
{
	uint8_t address[V6_SIZE] = { 0 };

	if (value.len > size) {
		write_hex(out, value);
		return;
	}
	for (size_t i = 0; i < value.len; i++) {
		address[i] = value.ptr[i];
	}
	address_text_write(out, (struct span){ address, size });
	if (value.len < size) {
		writer_text(out, "/");
		writer_decimal(out, 8 * value.len);
	}
}

static void write_value(struct rule_text *t, const struct loaded *loaded, struct span value)
{
	const char *name = loaded->kind == KIND_PROTOCOL && value.len == 1
				   ? protocol_name(value.ptr[0])
				   : NULL;

	switch (loaded->kind) {
	case KIND_NUMBER:
	case KIND_HOST:
		write_number(t->out, value, loaded->kind == KIND_HOST);
		break;
	case KIND_NAME:
		write_name(t->out, value);
		break;
	case KIND_ADDRESS:
		write_address(t->out, value, V4_SIZE);
		break;
	case KIND_ADDRESS_6:
		write_address(t->out, value, V6_SIZE);
		break;
	case KIND_PROTOCOL:
		if (name != NULL) {
			writer_text(t->out, name);
		} else {
			write_number(t->out, value, false);
		}
		break;
	case KIND_FAMILY:
		writer_text(t->out, value.len == 1 && value.ptr[0] == NFPROTO_IPV4   ? "ipv4"
				    : value.len == 1 && value.ptr[0] == NFPROTO_IPV6 ? "ipv6"
										     : "other");
		break;
	case KIND_STATE:
		write_states(t->out, value);
		break;
	case KIND_BYTES:
	default:
		write_hex(t->out, value);
		break;
	}
}

static void load(struct rule_text *t, uint32_t number, struct loaded loaded)
{
	loaded.is_pending = true;
	*register_of(t, number) = loaded;
}

static void take_meta(struct rule_text *t, const struct attributes *a)
{
	static const struct {
		const char *what;
		enum value_kind kind;
	} keys[] = {
		[NFT_META_LEN] = { "meta length", KIND_HOST },
		[NFT_META_PROTOCOL] = { "meta protocol", KIND_BYTES },
		[NFT_META_PRIORITY] = { "meta priority", KIND_HOST },
		[NFT_META_MARK] = { "meta mark", KIND_HOST },
		[NFT_META_IIF] = { "iif", KIND_HOST },
		[NFT_META_OIF] = { "oif", KIND_HOST },
		[NFT_META_IIFNAME] = { "iifname", KIND_NAME },
		[NFT_META_OIFNAME] = { "oifname", KIND_NAME },
		[NFT_META_IIFTYPE] = { "iiftype", KIND_HOST },
		[NFT_META_OIFTYPE] = { "oiftype", KIND_HOST },
		[NFT_META_SKUID] = { "meta skuid", KIND_HOST },
		[NFT_META_SKGID] = { "meta skgid", KIND_HOST },
		[NFT_META_NFPROTO] = { "meta nfproto", KIND_FAMILY },
		[NFT_META_L4PROTO] = { "meta l4proto", KIND_PROTOCOL },
		[NFT_META_PKTTYPE] = { "meta pkttype", KIND_HOST },
		[NFT_META_CGROUP] = { "meta cgroup", KIND_HOST },
	};
	uint32_t key = number_of(a, NFTA_META_KEY);
	struct loaded loaded = { .what = "meta" };

	if (key < COUNT_OF(keys) && keys[key].what != NULL) {
		loaded.what = keys[key].what;
		loaded.kind = keys[key].kind;
	}
	if (a->values[NFTA_META_DREG].len > 0) {
		load(t, number_of(a, NFTA_META_DREG), loaded);
	} else {
		struct loaded *source = register_of(t, number_of(a, NFTA_META_SREG));

		say(t, loaded.what);
		writer_text(t->out, " set ");
		write_value(t, &loaded, source->value);
		source->is_pending = false;
	}
}

static void take_ct(struct rule_text *t, const struct attributes *a)
{
	static const char *const keys[] = { "ct state", "ct direction", "ct status", "ct mark" };
	uint32_t key = number_of(a, NFTA_CT_KEY);
	struct loaded loaded = { .what = key < COUNT_OF(keys) ? keys[key] : "ct",
				 .kind = key == NFT_CT_STATE ? KIND_STATE : KIND_HOST };

	if (a->values[NFTA_CT_DREG].len > 0) {
		load(t, number_of(a, NFTA_CT_DREG), loaded);
	} else {
		say(t, loaded.what);
		writer_text(t->out, " set");
	}
}

/* A field of the packet that has a name. */
struct field {
	uint8_t base;
	uint8_t family;   /* 0: any */
	uint8_t protocol; /* 0: any */
	uint8_t offset;
	uint8_t len;
	uint8_t kind;
	const char *what;
};

static const struct field fields[] = {
	{ NFT_PAYLOAD_NETWORK_HEADER, NFPROTO_IPV4, 0, 12, 4, KIND_ADDRESS, "ip saddr" },
	{ NFT_PAYLOAD_NETWORK_HEADER, NFPROTO_IPV4, 0, 16, 4, KIND_ADDRESS, "ip daddr" },
	{ NFT_PAYLOAD_NETWORK_HEADER, NFPROTO_IPV4, 0, 9, 1, KIND_PROTOCOL, "ip protocol" },
	{ NFT_PAYLOAD_NETWORK_HEADER, NFPROTO_IPV4, 0, 8, 1, KIND_NUMBER, "ip ttl" },
	{ NFT_PAYLOAD_NETWORK_HEADER, NFPROTO_IPV6, 0, 8, 16, KIND_ADDRESS_6, "ip6 saddr" },
	{ NFT_PAYLOAD_NETWORK_HEADER, NFPROTO_IPV6, 0, 24, 16, KIND_ADDRESS_6, "ip6 daddr" },
	{ NFT_PAYLOAD_NETWORK_HEADER, NFPROTO_IPV6, 0, 6, 1, KIND_PROTOCOL, "ip6 nexthdr" },
	{ NFT_PAYLOAD_TRANSPORT_HEADER, 0, 6, 0, 2, KIND_NUMBER, "tcp sport" },
	{ NFT_PAYLOAD_TRANSPORT_HEADER, 0, 6, 2, 2, KIND_NUMBER, "tcp dport" },
	{ NFT_PAYLOAD_TRANSPORT_HEADER, 0, 6, 13, 1, KIND_BYTES, "tcp flags" },
	{ NFT_PAYLOAD_TRANSPORT_HEADER, 0, 17, 0, 2, KIND_NUMBER, "udp sport" },
	{ NFT_PAYLOAD_TRANSPORT_HEADER, 0, 17, 2, 2, KIND_NUMBER, "udp dport" },
	{ NFT_PAYLOAD_TRANSPORT_HEADER, 0, 1, 0, 1, KIND_NUMBER, "icmp type" },
	{ NFT_PAYLOAD_TRANSPORT_HEADER, 0, 58, 0, 1, KIND_NUMBER, "icmpv6 type" },
	{ NFT_PAYLOAD_TRANSPORT_HEADER, 0, 0, 0, 2, KIND_NUMBER, "th sport" },
	{ NFT_PAYLOAD_TRANSPORT_HEADER, 0, 0, 2, 2, KIND_NUMBER, "th dport" },
};

static bool is_address(enum value_kind kind)
{
	return kind == KIND_ADDRESS || kind == KIND_ADDRESS_6;
}

/* nft loads fewer bytes of an address for a prefix of whole bytes. */
static bool is_field(const struct field *field, const struct rule_text *t,
		     const struct loaded *loaded)
{
	bool is_part = is_address((enum value_kind)field->kind) && loaded->len > 0 &&
		       loaded->len < field->len;

	return field->base == loaded->base && field->offset == loaded->offset &&
	       (field->len == loaded->len || is_part) &&
	       (field->family == 0 || field->family == t->family) &&
	       (field->protocol == 0 || field->protocol == t->protocol);
}

static void take_payload(struct rule_text *t, const struct attributes *a)
{
	struct loaded loaded = { .base = number_of(a, NFTA_PAYLOAD_BASE),
				 .offset = number_of(a, NFTA_PAYLOAD_OFFSET),
				 .len = number_of(a, NFTA_PAYLOAD_LEN) };

	for (size_t i = 0; loaded.what == NULL && i < COUNT_OF(fields); i++) {
		if (is_field(&fields[i], t, &loaded)) {
			loaded.what = fields[i].what;
			loaded.kind = (enum value_kind)fields[i].kind;
		}
	}
	if (a->values[NFTA_PAYLOAD_DREG].len > 0) {
		load(t, number_of(a, NFTA_PAYLOAD_DREG), loaded);
	} else {
		space(t);
		write_what(t, &loaded);
		writer_text(t->out, " set");
	}
}

static bool is_zero(struct span bytes)
{
	for (size_t i = 0; i < bytes.len; i++) {
		if (bytes.ptr[i] != 0) {
			return false;
		}
	}
	return true;
}

/* The bits of a mask that begins with ones and ends in zeros; -1 for any other. */
static int prefix_of(struct span mask)
{
	int ones = 0;
	bool is_over = false;

	for (size_t i = 0; i < 8 * mask.len; i++) {
		bool is_one = (mask.ptr[i / 8] >> (7 - i % 8) & 1) != 0;

		if (is_one && is_over) {
			return -1;
		}
		is_over = !is_one;
		ones += is_one;
	}
	return ones;
}

static void write_operator(struct rule_text *t, uint32_t op)
{
	static const char *const operators[] = { " ", " != ", " < ", " <= ", " > ", " >= " };

	writer_text(t->out, op < COUNT_OF(operators) ? operators[op] : " ? ");
}

/* What a comparison with equal says of the packets that the rest of the rule is for. */
static void learn(struct rule_text *t, const struct loaded *loaded, struct span value)
{
	if (value.len == 1 && loaded->kind == KIND_PROTOCOL) {
		t->protocol = value.ptr[0];
	} else if (value.len == 1 && loaded->kind == KIND_FAMILY) {
		t->family = value.ptr[0];
	}
}

static void write_compared(struct rule_text *t, const struct loaded *loaded, uint32_t op,
			   struct span value)
{
	int prefix = is_address(loaded->kind) ? prefix_of(loaded->mask) : -1;

	space(t);
	write_what(t, loaded);
	if (loaded->mask.len > 0 && op == NFT_CMP_NEQ && is_zero(value)) {
		writer_text(t->out, " "); /* any of these bits */
		write_value(t, loaded, loaded->mask);
		return;
	}
	if (loaded->mask.len > 0 && prefix < 0) {
		writer_text(t->out, " & ");
		write_value(t, loaded, loaded->mask);
		writer_text(t->out, op == NFT_CMP_EQ ? " ==" : "");
	}
	write_operator(t, op);
	write_value(t, loaded, value);
	if (loaded->mask.len > 0 && prefix >= 0) {
		writer_text(t->out, "/");
		writer_decimal(t->out, (uint64_t)prefix);
	}
}

static void take_cmp(struct rule_text *t, const struct attributes *a)
{
	struct loaded *loaded = register_of(t, number_of(a, NFTA_CMP_SREG));
	uint32_t op = number_of(a, NFTA_CMP_OP);
	struct span value = data_of(a, NFTA_CMP_DATA);

	write_compared(t, loaded, op, value);
	if (op == NFT_CMP_EQ) {
		learn(t, loaded, value);
	}
	/* a range is two comparisons of one register */
	loaded->is_pending = false;
}

static void take_range(struct rule_text *t, const struct attributes *a)
{
	struct loaded *loaded = register_of(t, number_of(a, NFTA_RANGE_SREG));

	space(t);
	write_what(t, loaded);
	write_operator(t, number_of(a, NFTA_RANGE_OP));
	write_value(t, loaded, data_of(a, NFTA_RANGE_FROM_DATA));
	writer_text(t->out, "-");
	write_value(t, loaded, data_of(a, NFTA_RANGE_TO_DATA));
	loaded->is_pending = false;
}

static void take_bitwise(struct rule_text *t, const struct attributes *a)
{
	struct loaded loaded = *register_of(t, number_of(a, NFTA_BITWISE_SREG));

	loaded.mask = data_of(a, NFTA_BITWISE_MASK);
	register_of(t, number_of(a, NFTA_BITWISE_SREG))->is_pending = false;
	load(t, number_of(a, NFTA_BITWISE_DREG), loaded);
}

/* All that was loaded and not used yet is what is looked up: "ip saddr . tcp dport". */
static void take_lookup(struct rule_text *t, const struct attributes *a)
{
	size_t count = 0;

	space(t);
	for (size_t i = 0; i < REGISTERS; i++) {
		if (t->registers[i].is_pending) {
			writer_text(t->out, count++ > 0 ? " . " : "");
			write_what(t, &t->registers[i]);
			t->registers[i].is_pending = false;
		}
	}
	writer_text(t->out,
		    (number_of(a, NFTA_LOOKUP_FLAGS) & NFT_LOOKUP_F_INV) != 0 ? " != @" : " @");
	writer_bytes(t->out, text_of(a, NFTA_LOOKUP_SET));
}

static void write_verdict(struct rule_text *t, struct span data)
{
	struct attributes a = read_attributes(data);
	struct span chain = text_of(&a, NFTA_VERDICT_CHAIN);

	switch ((int32_t)number_of(&a, NFTA_VERDICT_CODE)) {
	case NF_DROP:
		say(t, "drop");
		break;
	case NF_ACCEPT:
		say(t, "accept");
		break;
	case NFT_CONTINUE:
		say(t, "continue");
		break;
	case NFT_RETURN:
		say(t, "return");
		break;
	case NFT_JUMP:
		write_named(t, "jump", chain);
		break;
	case NFT_GOTO:
		write_named(t, "goto", chain);
		break;
	default:
		say(t, "<verdict>");
		break;
	}
}

static void take_immediate(struct rule_text *t, const struct attributes *a)
{
	struct attributes data = read_attributes(a->values[NFTA_IMMEDIATE_DATA]);
	uint32_t number = number_of(a, NFTA_IMMEDIATE_DREG);

	if (number == NFT_REG_VERDICT) {
		write_verdict(t, data.values[NFTA_DATA_VERDICT]);
	} else {
		*register_of(t, number) = (struct loaded){ .value = data.values[NFTA_DATA_VALUE] };
	}
}

static void take_nat(struct rule_text *t, const struct attributes *a)
{
	const struct loaded *address = register_of(t, number_of(a, NFTA_NAT_REG_ADDR_MIN));
	const struct loaded *port = register_of(t, number_of(a, NFTA_NAT_REG_PROTO_MIN));

	say(t, number_of(a, NFTA_NAT_TYPE) == NFT_NAT_SNAT ? "snat to" : "dnat to");
	writer_text(t->out, " ");
	if (a->values[NFTA_NAT_REG_ADDR_MIN].len > 0) {
		write_address(t->out, address->value,
			      address->value.len > V4_SIZE ? V6_SIZE : V4_SIZE);
	}
	if (a->values[NFTA_NAT_REG_PROTO_MIN].len > 0) {
		writer_text(t->out, ":");
		write_number(t->out, span_first(port->value, 2), false);
	}
}

static void take_log(struct rule_text *t, const struct attributes *a)
{
	say(t, "log");
	if (a->values[NFTA_LOG_PREFIX].len > 0) {
		writer_text(t->out, " prefix \"");
		writer_bytes(t->out, text_of(a, NFTA_LOG_PREFIX));
		writer_text(t->out, "\"");
	}
}

static void take_counter(struct rule_text *t, const struct attributes *a)
{
	(void)t; /* what it counts changes by itself */
	(void)a;
}

static void take_reject(struct rule_text *t, const struct attributes *a)
{
	say(t, number_of(a, NFTA_REJECT_TYPE) == NFT_REJECT_TCP_RST ? "reject with tcp reset"
								    : "reject");
}

static void take_masquerade(struct rule_text *t, const struct attributes *a)
{
	(void)a;
	say(t, "masquerade");
}

static const struct {
	const char *name;
	void (*take)(struct rule_text *t, const struct attributes *a);
} expressions[] = {
	{ "meta", take_meta },
	{ "payload", take_payload },
	{ "cmp", take_cmp },
	{ "range", take_range },
	{ "bitwise", take_bitwise },
	{ "lookup", take_lookup },
	{ "immediate", take_immediate },
	{ "ct", take_ct },
	{ "counter", take_counter },
	{ "log", take_log },
	{ "reject", take_reject },
	{ "masq", take_masquerade },
	{ "nat", take_nat },
};

static void take_expression(struct rule_text *t, struct span name, struct span data)
{
	struct attributes attributes = read_attributes(data);

	for (size_t i = 0; i < COUNT_OF(expressions); i++) {
		if (span_is(name, expressions[i].name)) {
			expressions[i].take(t, &attributes);
			return;
		}
	}
	say(t, "<");
	writer_bytes(t->out, name);
	writer_text(t->out, ">");
}

void nftables_rule_write(const struct nftables_rule *rule, struct writer *out)
{
	struct netlink_attributes it = netlink_attributes_over(rule->expressions);
	struct rule_text text = { .out = out, .start = writer_used(out), .family = rule->family };
	struct span name;
	struct span data;

	while (nftables_expressions_next(&it, &name, &data)) {
		take_expression(&text, name, data);
	}
}
