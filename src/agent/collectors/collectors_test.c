/*
 * collectors_test.c - each collector against small trees of three distributions, and the contract
 * that all keep.
 *
 * What is expected stands in tests/fixtures/ROOT.rows: a line a row, sorted. Where it is meant to
 * change, the test with BARTIZAN_PRINT=1 prints what is found.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "agent/collector.h"
#include "agent/collectors/module_files.h"
#include "agent/health.h"
#include "base/error.h"
#include "base/reader.h"
#include "base/text.h"
#include "schema/schema.h"
#include "sys/alloc.h"
#include "sys/buffer.h"
#include "sys/file.h"
#include "sys/net.h"

#define LINES_MAX 20000
#define LINE_MAX  65536
#define FILE_MAX  (4u << 20)

struct lines {
	char *lines[LINES_MAX];
	size_t count;
	const struct table *table;
};

static void write_list(struct writer *w, const struct value *value)
{
	size_t at = 0;
	struct span item;

	writer_text(w, "[");
	while (row_list_next(value, &at, &item)) {
		text_write_escaped(w, item);
		writer_text(w, ";");
	}
	writer_text(w, "]");
}

static void write_value(struct writer *w, const struct value *value)
{
	char number[32];

	switch (value->kind) {
	case VALUE_TEXT:
		text_write_escaped(w, value->text);
		break;
	case VALUE_INTEGER:
	case VALUE_BOOLEAN:
		snprintf(number, sizeof number, "%lld", (long long)value->number);
		writer_text(w, number);
		break;
	case VALUE_LIST:
		write_list(w, value);
		break;
	default:
		writer_text(w, "-");
		break;
	}
}

static void take(void *context, struct span bytes)
{
	struct lines *lines = context;
	uint8_t *text = alloc_zeroed(1, LINE_MAX);
	struct writer w = writer_over(text, LINE_MAX);
	struct row row;

	assert_int_equal(row_decode(lines->table, bytes, &row), 0);
	writer_text(&w, lines->table->name);
	for (size_t i = 0; i < lines->table->column_count; i++) {
		writer_text(&w, " | ");
		write_value(&w, &row.values[i]);
	}
	assert_true(writer_ok(&w));
	assert_true(lines->count < LINES_MAX);
	lines->lines[lines->count++] = alloc_span(writer_span(&w));
	free(text);
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void collect(struct machine *machine, const struct collector *collector, struct lines *lines)
{
	lines->table = schema_by_number(collector->table);
	assert_int_equal(collector_run(collector, machine, take, lines), 0);
}

/* Collectors may say a row twice. */
static void sort_and_unite(struct lines *lines)
{
	size_t kept = 0;

	qsort(lines->lines, lines->count, sizeof *lines->lines, by_text);
	for (size_t i = 0; i < lines->count; i++) {
		if (kept > 0 && strcmp(lines->lines[kept - 1], lines->lines[i]) == 0) {
			free(lines->lines[i]);
		} else {
			lines->lines[kept++] = lines->lines[i];
		}
	}
	lines->count = kept;
}

static void drop(struct lines *lines)
{
	for (size_t i = 0; i < lines->count; i++) {
		free(lines->lines[i]);
	}
	free(lines);
}

static void print(const struct lines *lines)
{
	for (size_t i = 0; i < lines->count; i++) {
		fprintf(stderr, "%s\n", lines->lines[i]);
	}
}

static void compare(const struct lines *lines, const char *path)
{
	struct buffer expected;
	struct reader r;

	buffer_init(&expected, FILE_MAX);
	assert_int_equal(file_read(path, &expected), 0);
	r = reader_over(buffer_span(&expected));
	for (size_t i = 0; i < lines->count; i++) {
		struct span line = reader_line(&r);

		if (!span_is(line, lines->lines[i])) {
			fail_msg("expected %.*s\n   found %s", (int)line.len,
				 (const char *)line.ptr, lines->lines[i]);
		}
	}
	assert_int_equal(reader_left(&r), 0);
	buffer_done(&expected);
}

static bool is_of_tree(const struct table *table)
{
	return !table->is_live_only;
}

static bool is_of_devices(const struct table *table)
{
	return table->number == TABLE_DISKS || table->number == TABLE_DEVICES;
}

static void check_tables(const char *name, bool (*is_wanted)(const struct table *table))
{
	struct lines *lines = alloc_zeroed(1, sizeof *lines);
	char root[1024];
	char rows[1024];
	struct machine machine;
	struct why why;

	snprintf(root, sizeof root, "%s/%s", FIXTURES, name);
	snprintf(rows, sizeof rows, "%s/%s.rows", FIXTURES, name);
	assert_int_equal(machine_open(root, &machine, &why), 0);
	for (size_t i = 0; collectors[i] != NULL; i++) {
		if (is_wanted(schema_by_number(collectors[i]->table))) {
			collect(&machine, collectors[i], lines);
		}
	}
	sort_and_unite(lines);
	if (getenv("BARTIZAN_PRINT") != NULL) {
		print(lines);
	}
	compare(lines, rows);
	machine_close(&machine);
	drop(lines);
}

static void check_tree(const char *name)
{
	check_tables(name, is_of_tree);
}

static void reads_a_debian_tree(void **state)
{
	(void)state;
	check_tree("root-debian");
}

static void reads_an_alpine_tree(void **state)
{
	(void)state;
	check_tree("root-alpine");
}

static void reads_an_rpm_tree(void **state)
{
	(void)state;
	check_tree("root-rpm");
}

static void reads_the_module_of_an_rpm_package(void **state)
{
	(void)state;
	check_tree("root-rhel");
}

static void reads_a_suse_tree(void **state)
{
	(void)state;
	check_tree("root-suse");
}

/* Devices that this machine may not have: /sys of another one. */
static void reads_devices_and_disks_of_a_tree(void **state)
{
	(void)state;
	check_tables("root-devices", is_of_devices);
}

static void an_empty_tree_is_no_error(void **state)
{
	char root[] = "/tmp/collectors-test-XXXXXX";
	struct lines *lines = alloc_zeroed(1, sizeof *lines);
	struct machine machine;
	struct why why;

	(void)state;
	assert_non_null(mkdtemp(root));
	assert_int_equal(machine_open(root, &machine, &why), 0);
	for (size_t i = 0; collectors[i] != NULL; i++) {
		lines->count = 0;
		collect(&machine, collectors[i], lines);
		assert_in_range(lines->count, 0, 1);
		while (lines->count > 0) {
			free(lines->lines[--lines->count]);
		}
	}
	machine_close(&machine);
	assert_int_equal(rmdir(root), 0);
	drop(lines);
}

static void every_collector_keeps_the_contract(void **state)
{
	bool is_there[SCHEMA_TABLES_MAX] = { false };

	(void)state;
	for (size_t i = 0; collectors[i] != NULL; i++) {
		const struct table *table = schema_by_number(collectors[i]->table);

		assert_non_null(table);
		assert_string_equal(collectors[i]->name, table->name);
		assert_non_null(collectors[i]->summary);
		assert_non_null(collectors[i]->collect);
		assert_ptr_equal(collector_of(table->number), collectors[i]);
		assert_false(is_there[table->number]);
		is_there[table->number] = true;
	}
	for (size_t i = 0; schema_tables[i] != NULL; i++) {
		uint16_t number = schema_tables[i]->number;

		assert_true(is_there[number] || schema_tables[i]->is_derived ||
			    schema_tables[i]->is_of_scanner);
	}
}

struct keys {
	const struct table *table;
	char *keys[LINES_MAX];
	struct rowhash hashes[LINES_MAX];
	size_t count;
};

static void take_key(void *context, struct span bytes)
{
	struct keys *keys = context;
	uint8_t text[LINE_MAX];
	struct writer w = writer_over(text, sizeof text);
	struct row row;

	assert_int_equal(row_decode(keys->table, bytes, &row), 0);
	row_write_key(&row, &w);
	for (size_t i = 0; i < keys->count; i++) {
		struct rowhash hash = rowhash_of(keys->table->number, bytes);

		if (span_is(writer_span(&w), keys->keys[i]) &&
		    !rowhash_equal(&hash, &keys->hashes[i])) {
			fail_msg("%s: two rows of key %s", keys->table->name, keys->keys[i]);
		}
	}
	if (keys->count < LINES_MAX) {
		keys->hashes[keys->count] = rowhash_of(keys->table->number, bytes);
		keys->keys[keys->count++] = alloc_span(writer_span(&w));
	}
}

/* Two rows of one key would be one row to whoever joins by it. */
static void assert_keys_are_unique(const struct collector *collector, struct machine *machine)
{
	struct keys *keys = alloc_zeroed(1, sizeof *keys);

	keys->table = schema_by_number(collector->table);
	assert_int_equal(collector_run(collector, machine, take_key, keys), 0);
	for (size_t i = 0; i < keys->count; i++) {
		free(keys->keys[i]);
	}
	free(keys);
}

static void this_machine_is_read_without_error_and_every_key_once(void **state)
{
	struct machine machine;
	struct why why;

	(void)state;
	assert_int_equal(machine_open("/", &machine, &why), 0);
	for (size_t i = 0; collectors[i] != NULL; i++) {
		assert_keys_are_unique(collectors[i], &machine);
	}
	machine_close(&machine);
}

static bool has_line(const struct lines *lines, const char *part)
{
	for (size_t i = 0; i < lines->count; i++) {
		if (strstr(lines->lines[i], part) != NULL) {
			return true;
		}
	}
	return false;
}

static void put(const char *root, const char *path, mode_t mode)
{
	char full[1024];
	int fd;

	snprintf(full, sizeof full, "%s/%s", root, path);
	if (S_ISDIR(mode)) {
		assert_int_equal(mkdir(full, 0755), 0);
		return;
	}
	fd = open(full, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(chmod(full, mode), 0);
}

static void take_away(const char *root, const char *const *paths, size_t count)
{
	char full[1024];

	while (count-- > 0) {
		snprintf(full, sizeof full, "%s/%s", root, paths[count]);
		assert_int_equal(remove(full), 0);
	}
	assert_int_equal(rmdir(root), 0);
}

static void finds_privileged_files_and_no_others(void **state)
{
	static const char *const paths[] = { "usr",        "usr/bin",     "usr/lib",
					     "usr/lib/a",  "usr/lib/a/b", "usr/bin/plain",
					     "usr/bin/su", "usr/bin/not", "usr/lib/a/b/deep" };
	static const mode_t modes[] = { S_IFDIR, S_IFDIR, S_IFDIR, S_IFDIR, S_IFDIR,
					0755,    04755,   0644,    02711 };
	char root[] = "/tmp/collectors-test-XXXXXX";
	struct lines *lines = alloc_zeroed(1, sizeof *lines);
	char expected[1024];
	struct machine machine;
	struct why why;

	(void)state;
	assert_non_null(mkdtemp(root));
	for (size_t i = 0; i < COUNT_OF(paths); i++) {
		put(root, paths[i], modes[i]);
	}
	assert_int_equal(machine_open(root, &machine, &why), 0);
	collect(&machine, collector_of(TABLE_PRIVILEGED_FILES), lines);
	assert_int_equal(lines->count, 2);
	snprintf(expected, sizeof expected, "privileged_files | /usr/bin/su | 4755 | %u | %u | -",
		 getuid(), getgid());
	assert_string_equal(lines->lines[0], expected);
	assert_true(has_line(lines, "/usr/lib/a/b/deep | 2711"));
	machine_close(&machine);
	take_away(root, paths, COUNT_OF(paths));
	drop(lines);
}

static void the_health_of_each_collector_is_told_once_it_was_run(void **state)
{
	const struct collector *firewall = collector_of(TABLE_FIREWALL);
	struct lines *lines = alloc_zeroed(1, sizeof *lines);
	struct machine machine;
	const char *reason;
	struct why why;
	size_t rows;

	(void)state;
	assert_int_equal(machine_open("/", &machine, &why), 0);
	machine.health = health_new();
	collect(&machine, collector_of(TABLE_SENSOR_HEALTH), lines);
	assert_int_equal(lines->count, 0);
	collect(&machine, collector_of(TABLE_KERNEL), lines);
	assert_true(health_take_change(machine.health));
	collect(&machine, collector_of(TABLE_KERNEL), lines);
	assert_false(health_take_change(machine.health) &&
		     health_of(machine.health, TABLE_KERNEL, &reason, &rows) == HEALTH_OK);
	file_close(&machine.filter_fd); /* as on a kernel without it */
	collect(&machine, firewall, lines);
	health_note(machine.health, TABLE_USERS, ERR_IO, NULL, 0);
	collect(&machine, collector_of(TABLE_SENSOR_HEALTH), lines);
	assert_true(has_line(lines, "sensor_health | kernel | ok | - | 1"));
	assert_true(has_line(lines,
			     "sensor_health | firewall | off | this kernel has no nfnetlink | 0"));
	assert_true(has_line(lines, "sensor_health | users | failing | "));
	health_free(&machine.health);
	machine_close(&machine);
	drop(lines);
}

static void a_listening_socket_is_seen_with_its_process(void **state)
{
	struct lines *lines = alloc_zeroed(1, sizeof *lines);
	struct net_address address;
	struct net_address bound;
	char place[NET_TEXT_SIZE];
	char part[NET_TEXT_SIZE + 64];
	struct machine machine;
	struct why why;
	int fd;

	(void)state;
	assert_int_equal(net_address_parse(span_of("127.0.0.1:0"), &address, &why), 0);
	assert_int_equal(net_listen(&address, &fd, &bound, &why), 0);
	net_address_text(&bound, place);
	snprintf(part, sizeof part, "tcp | 127.0.0.1 | %s | test-agent-coll",
		 strchr(place, ':') + 1);
	assert_int_equal(machine_open("/", &machine, &why), 0);
	collect(&machine, collector_of(TABLE_LISTENERS), lines);
	assert_true(has_line(lines, part));
	/* and again, from what is remembered */
	collect(&machine, collector_of(TABLE_LISTENERS), lines);
	close(fd);
	while (lines->count > 0) {
		free(lines->lines[--lines->count]);
	}
	collect(&machine, collector_of(TABLE_LISTENERS), lines);
	assert_false(has_line(lines, part));
	machine_close(&machine);
	drop(lines);
}

static void forget(struct lines *lines)
{
	while (lines->count > 0) {
		free(lines->lines[--lines->count]);
	}
}

static void a_udp_socket_is_seen_at_the_second_look(void **state)
{
	struct lines *lines = alloc_zeroed(1, sizeof *lines);
	struct sockaddr_in place = { .sin_family = AF_INET,
				     .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof place;
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int other = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct machine machine;
	char part[80];
	struct why why;

	(void)state;
	/* something to remember, that the walk is not the first one */
	assert_int_equal(bind(other, (const struct sockaddr *)&place, sizeof place), 0);
	assert_int_equal(machine_open("/", &machine, &why), 0);
	collect(&machine, collector_of(TABLE_LISTENERS), lines);
	assert_true(has_line(lines, "udp | 127.0.0.1 | "));
	forget(lines);
	assert_int_equal(bind(fd, (const struct sockaddr *)&place, sizeof place), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&place, &size), 0);
	snprintf(part, sizeof part, "udp | 127.0.0.1 | %u | test-agent-coll",
		 ntohs(place.sin_port));
	collect(&machine, collector_of(TABLE_LISTENERS), lines);
	assert_false(has_line(lines, part));
	collect(&machine, collector_of(TABLE_LISTENERS), lines);
	assert_true(has_line(lines, part));
	/* connected, it takes from one only */
	forget(lines);
	assert_int_equal(connect(fd, (const struct sockaddr *)&place, sizeof place), 0);
	collect(&machine, collector_of(TABLE_LISTENERS), lines);
	assert_false(has_line(lines, part));
	close(fd);
	close(other);
	machine_close(&machine);
	drop(lines);
}

static void old_processes_are_seen_and_young_ones_are_not(void **state)
{
	struct lines *lines = alloc_zeroed(1, sizeof *lines);
	struct machine machine;
	int ready[2];
	char name[16]; /* of this run's own */
	char byte;
	struct why why;
	pid_t child;

	(void)state;
	snprintf(name, sizeof name, "young-%d", getpid());
	assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
	child = fork();
	if (child == 0) {
		(void)prctl(PR_SET_NAME, name);
		_exit(write(ready[1], "", 1) == 1 && pause() != 0);
	}
	assert_true(child > 0);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	assert_int_equal(machine_open("/", &machine, &why), 0);
	collect(&machine, collector_of(TABLE_PROCESSES), lines);
	kill(child, SIGKILL);
	assert_int_equal(waitpid(child, NULL, 0), child);
	assert_true(lines->count > 0);
	assert_false(has_line(lines, name));
	assert_false(has_line(lines, "kthreadd"));
	close(ready[0]);
	close(ready[1]);
	machine_close(&machine);
	drop(lines);
}

static void the_loopback_interface_and_its_address_are_seen(void **state)
{
	struct lines *lines = alloc_zeroed(1, sizeof *lines);
	struct machine machine;
	struct why why;

	(void)state;
	assert_int_equal(machine_open("/", &machine, &why), 0);
	collect(&machine, collector_of(TABLE_INTERFACES), lines);
	collect(&machine, collector_of(TABLE_ADDRESSES), lines);
	assert_true(has_line(lines, "interfaces | lo | loopback | "));
	assert_true(has_line(lines, "addresses | lo | ipv4 | 127.0.0.1 | 8 | host"));
	machine_close(&machine);
	drop(lines);
}

/* This kernel may have no modules: the files of one that has. */
static void the_signer_of_a_module_is_found_by_modules_dep(void **state)
{
	static const char *const names[] = { "loop", "plain", "snd_pcm", "xz_one" };
	struct module_file files[COUNT_OF(names)] = { { .path = NULL } };
	uint8_t text[256];
	struct writer w = writer_over(text, sizeof text);
	struct tree *tree;
	struct why why;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		files[i].name = span_of(names[i]);
	}
	assert_int_equal(tree_new(FIXTURES "/root-debian", &tree, &why), 0);
	assert_int_equal(module_files_find(tree, "6.1.0-40-amd64", files, COUNT_OF(files)), 0);
	assert_null(files[0].path);
	assert_string_equal(files[2].path,
			    "/lib/modules/6.1.0-40-amd64/kernel/sound/core/snd-pcm.ko");
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		module_files_write_signer(tree, &files[i], &w);
	}
	assert_true(span_is(writer_span(&w), "Example Module Signing Key"));
	module_files_done(files, COUNT_OF(files));
	assert_int_equal(module_files_find(tree, "0.0", files, COUNT_OF(files)), 0);
	tree_free(&tree);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_collector_keeps_the_contract),
		cmocka_unit_test(reads_a_debian_tree),
		cmocka_unit_test(reads_an_alpine_tree),
		cmocka_unit_test(reads_an_rpm_tree),
		cmocka_unit_test(reads_the_module_of_an_rpm_package),
		cmocka_unit_test(reads_a_suse_tree),
		cmocka_unit_test(reads_devices_and_disks_of_a_tree),
		cmocka_unit_test(finds_privileged_files_and_no_others),
		cmocka_unit_test(the_signer_of_a_module_is_found_by_modules_dep),
		cmocka_unit_test(the_health_of_each_collector_is_told_once_it_was_run),
		cmocka_unit_test(an_empty_tree_is_no_error),
		cmocka_unit_test(this_machine_is_read_without_error_and_every_key_once),
		cmocka_unit_test(a_listening_socket_is_seen_with_its_process),
		cmocka_unit_test(a_udp_socket_is_seen_at_the_second_look),
		cmocka_unit_test(old_processes_are_seen_and_young_ones_are_not),
		cmocka_unit_test(the_loopback_interface_and_its_address_are_seen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
