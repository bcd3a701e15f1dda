/*
 * schema.h - the vocabulary: every table, declared once.
 *
 * Collectors fill these columns, the wire carries them in this order, the store
 * types them, SQL, the API and the console name them. Numbers and orders are
 * for ever; a new column is appended, and its absence in an older row is null.
 */
#pragma once

#include "base/attr.h"
#include "base/span.h"

/* The most columns a table may have. */
#define SCHEMA_COLUMNS_MAX 32

/* The most tables there may be; table numbers are below it. */
#define SCHEMA_TABLES_MAX 64

enum column_type {
	COLUMN_TEXT,    /* CBOR text, SQL TEXT */
	COLUMN_INTEGER, /* int64, SQL INTEGER */
	COLUMN_BOOLEAN, /* SQL INTEGER 0 or 1 */
	COLUMN_TIME,    /* seconds since 1970-01-01 UTC, int64, SQL INTEGER; ISO 8601 in the API */
	COLUMN_LIST,    /* CBOR array of text, SQL TEXT holding a JSON array */
};

enum {
	COLUMN_KEY = 1,      /* part of what tells a row from its neighbours on one asset */
	COLUMN_PERSONAL = 2, /* names or numbers that can identify a person or one device */
};

struct column {
	const char *name;
	enum column_type type;
	unsigned flags;
	const char *meaning;
};

/* A table without a key column has at most one row an asset. */
struct table {
	uint16_t number; /* on the wire; 1 or more */
	const char *name;
	const char *summary;
	const char *signal; /* what tells the agent that the table may have changed */
	bool is_live_only;  /* says nothing of a file system tree (--root) */
	const struct column *columns;
	size_t column_count;
};

/* Every table, ordered by number, ended by NULL. */
extern const struct table *const schema_tables[];

/* NULL where there is none. */
const struct table *schema_find(struct span name);
const struct table *schema_by_number(uint64_t number);

/* The index of a column, or -1. */
int schema_column(const struct table *table, struct span name);

/* The lower-case standard name of a type: "text", "integer", ... */
const char *schema_type_name(enum column_type type);

/* Column indices, one enum a table, so that collectors and services need no names. */
#define COLUMN_ENUM(...) enum { __VA_ARGS__ }
COLUMN_ENUM(OS_HOSTNAME, OS_NAME, OS_ID, OS_ID_LIKE, OS_VERSION, OS_VERSION_ID, OS_CODENAME,
	    OS_ARCHITECTURE, OS_MACHINE_ID, OS_TIMEZONE);
COLUMN_ENUM(KERNEL_RELEASE, KERNEL_VERSION, KERNEL_ARCHITECTURE, KERNEL_IS_RUNNING, KERNEL_IMAGE);
COLUMN_ENUM(HARDWARE_VENDOR, HARDWARE_PRODUCT, HARDWARE_SERIAL, HARDWARE_BIOS_VENDOR,
	    HARDWARE_BIOS_VERSION, HARDWARE_BIOS_DATE, HARDWARE_CPU, HARDWARE_CPUS,
	    HARDWARE_MEMORY_BYTES, HARDWARE_VIRTUALIZATION);
COLUMN_ENUM(PACKAGES_MANAGER, PACKAGES_NAME, PACKAGES_VERSION, PACKAGES_ARCHITECTURE,
	    PACKAGES_STATUS, PACKAGES_SOURCE, PACKAGES_SOURCE_VERSION, PACKAGES_SECTION,
	    PACKAGES_VENDOR, PACKAGES_SIZE_BYTES);
COLUMN_ENUM(USERS_NAME, USERS_UID, USERS_GID, USERS_FULL_NAME, USERS_HOME, USERS_SHELL);
COLUMN_ENUM(GROUPS_NAME, GROUPS_GID, GROUPS_MEMBERS);
COLUMN_ENUM(AUTHORIZED_KEYS_USER, AUTHORIZED_KEYS_PATH, AUTHORIZED_KEYS_TYPE, AUTHORIZED_KEYS_BITS,
	    AUTHORIZED_KEYS_FINGERPRINT, AUTHORIZED_KEYS_COMMENT, AUTHORIZED_KEYS_OPTIONS);
COLUMN_ENUM(INTERFACES_NAME, INTERFACES_TYPE, INTERFACES_MAC, INTERFACES_MTU, INTERFACES_IS_UP,
	    INTERFACES_STATE, INTERFACES_MASTER);
COLUMN_ENUM(ADDRESSES_INTERFACE, ADDRESSES_FAMILY, ADDRESSES_ADDRESS, ADDRESSES_PREFIX_LENGTH,
	    ADDRESSES_SCOPE);
COLUMN_ENUM(LISTENERS_PROTOCOL, LISTENERS_ADDRESS, LISTENERS_PORT, LISTENERS_PROCESS,
	    LISTENERS_EXECUTABLE, LISTENERS_USER);
COLUMN_ENUM(SERVICES_NAME, SERVICES_TYPE, SERVICES_DESCRIPTION, SERVICES_STATE, SERVICES_EXEC,
	    SERVICES_USER, SERVICES_PATH);
COLUMN_ENUM(CRON_PATH, CRON_USER, CRON_SCHEDULE, CRON_COMMAND);
COLUMN_ENUM(MODULES_NAME, MODULES_SIZE_BYTES, MODULES_STATE, MODULES_TAINT);
COLUMN_ENUM(MOUNTS_TARGET, MOUNTS_SOURCE, MOUNTS_TYPE, MOUNTS_OPTIONS, MOUNTS_IS_READ_ONLY);
COLUMN_ENUM(CERTIFICATES_PATH, CERTIFICATES_FINGERPRINT, CERTIFICATES_SUBJECT, CERTIFICATES_NAMES,
	    CERTIFICATES_ISSUER, CERTIFICATES_SERIAL, CERTIFICATES_NOT_BEFORE,
	    CERTIFICATES_NOT_AFTER, CERTIFICATES_KEY_TYPE, CERTIFICATES_KEY_BITS,
	    CERTIFICATES_SIGNATURE, CERTIFICATES_IS_CA, CERTIFICATES_IS_SELF_SIGNED);

/* Table numbers on the wire. */
enum {
	TABLE_OS = 1,
	TABLE_KERNEL = 2,
	TABLE_HARDWARE = 3,
	TABLE_PACKAGES = 4,
	TABLE_USERS = 5,
	TABLE_GROUPS = 6,
	TABLE_AUTHORIZED_KEYS = 7,
	TABLE_INTERFACES = 8,
	TABLE_ADDRESSES = 9,
	TABLE_LISTENERS = 10,
	TABLE_SERVICES = 11,
	TABLE_CRON = 12,
	TABLE_MODULES = 13,
	TABLE_MOUNTS = 14,
	TABLE_CERTIFICATES = 15,
};
