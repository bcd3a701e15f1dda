/* integrity_test.c - what is known of files is what they are, whatever happens to them. */
#include "agent/integrity/integrity.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "agent/collectors/table.h"
#include "agent/integrity/file_changes.h"
#include "agent/integrity/parts.h"
#include "base/error.h"
#include "base/rowhash.h"
#include "schema/schema.h"
#include "sys/alloc.h"
#include "sys/clock.h"
#include "sys/file.h"

#define DEADLINE_MS 60000

struct world {
	char folder[64]; /* with root/ and outside/ */
	struct loop *loop;
	struct tree *tree;
	struct integrity *integrity;
	struct policy policy;
	unsigned changed;
	unsigned happened;
	unsigned lost;
	unsigned actions;
	pid_t pid;
	char path[PATH_MAX]; /* of the last change */
};

static void on_changed(void *context)
{
	((struct world *)context)->changed++;
}

static void on_happened(void *context, const struct file_change *change)
{
	struct world *w = context;

	w->happened++;
	w->actions |= change->actions;
	w->pid = change->pid;
	snprintf(w->path, sizeof w->path, "%s", change->path);
}

static void on_lost(void *context)
{
	((struct world *)context)->lost++;
}

static void on_marked(void *context)
{
	(void)context;
}

static char *path_in(const struct world *w, const char *name, char out[PATH_MAX])
{
	snprintf(out, PATH_MAX, "%s/%s", w->folder, name);
	return out;
}

static void put(const struct world *w, const char *name, const char *text)
{
	char path[PATH_MAX];
	int fd = open(path_in(w, name, path), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
}

static void make(const struct world *w, const char *name)
{
	char path[PATH_MAX];

	assert_int_equal(mkdir(path_in(w, name, path), 0755), 0);
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *at)
{
	(void)status;
	(void)type;
	(void)at;
	return remove(path);
}

/* What the agent itself changes is not told: here another process does it. */
static pid_t in_child(void (*change)(const struct world *w), const struct world *w)
{
	pid_t child = fork();

	if (child == 0) {
		change(w);
		_exit(0);
	}
	assert_true(child > 0);
	assert_int_equal(waitpid(child, NULL, 0), child);
	return child;
}

static void open_with(struct world *w, int group_fd, const int cache_fds[HASH_CACHE_FILES])
{
	static const struct integrity_hooks hooks = {
		.changed = on_changed, .happened = on_happened, .lost = on_lost, .marked = on_marked
	};
	struct integrity_settings settings = { .loop = w->loop,
					       .tree = w->tree,
					       .group_fd = group_fd,
					       .cache_fds = { cache_fds[0], cache_fds[1] } };

	w->integrity = integrity_new(&settings, &hooks, w);
}

static int set_up(void **state)
{
	struct world *w = alloc_zeroed(1, sizeof *w);
	char path[PATH_MAX];
	struct why why;

	snprintf(w->folder, sizeof w->folder, "/tmp/integrity-test-XXXXXX");
	assert_non_null(mkdtemp(w->folder));
	make(w, "root");
	make(w, "root/etc");
	make(w, "outside");
	w->loop = loop_new();
	assert_int_equal(tree_new(path_in(w, "root", path), &w->tree, &why), 0);
	policy_init(&w->policy);
	*state = w;
	return 0;
}

static int tear_down(void **state)
{
	struct world *w = *state;

	integrity_free(&w->integrity);
	tree_free(&w->tree);
	loop_free(&w->loop);
	assert_int_equal(nftw(w->folder, remove_one, 16, FTW_DEPTH | FTW_PHYS), 0);
	free(w);
	return 0;
}

static const int no_cache[HASH_CACHE_FILES] = { -1, -1 };

static void wait_until_settled(struct world *w)
{
	int64_t deadline_ms = clock_ms() + DEADLINE_MS;

	do {
		loop_turn(w->loop, 50);
		assert_true(clock_ms() < deadline_ms);
	} while (!integrity_is_settled(w->integrity));
}

static void begin(struct world *w, int group_fd)
{
	open_with(w, group_fd, no_cache);
	integrity_use_policy(w->integrity, &w->policy);
	wait_until_settled(w);
}

static const struct file_entry *find(const struct world *w, const char *folder, const char *name)
{
	const struct file_folder *f = integrity_files(w->integrity)->roots;

	while (f != NULL && strcmp(f->path, folder) != 0) {
		f = file_set_next(f);
	}
	return f != NULL ? file_folder_find(f, name) : NULL;
}

static bool has_content(const struct world *w, const char *folder, const char *name,
			const char *text)
{
	const struct file_entry *entry = find(w, folder, name);
	uint8_t sha256[SHA256_SIZE];

	sha256_of(span_of(text), sha256);
	return entry != NULL && (entry->flags & FILE_HAS_HASH) != 0 &&
	       memcmp(entry->sha256, sha256, sizeof sha256) == 0;
}

static void wait_for_content(struct world *w, const char *folder, const char *name,
			     const char *text)
{
	int64_t deadline_ms = clock_ms() + DEADLINE_MS;

	while (!has_content(w, folder, name, text)) {
		assert_true(clock_ms() < deadline_ms);
		loop_turn(w->loop, 50);
	}
}

static void wait_for_absence(struct world *w, const char *folder, const char *name)
{
	int64_t deadline_ms = clock_ms() + DEADLINE_MS;

	while (find(w, folder, name) != NULL) {
		assert_true(clock_ms() < deadline_ms);
		loop_turn(w->loop, 50);
	}
}

static void nothing_runs_once_all_is_known(void **state)
{
	struct world *w = *state;

	put(w, "root/etc/a", "a");
	begin(w, -1);
	assert_true(has_content(w, "/etc", "a", "a"));
	assert_true(integrity_is_whole(w->integrity));
	assert_false(loop_timer_is_armed(w->integrity->timer));
	assert_null(w->integrity->piece);
	assert_null(integrity_remark(w->integrity));
}

static void write_hosts(const struct world *w)
{
	put(w, "root/etc/hosts", "changed");
}

static void fanotify_tells_which_file_and_who(void **state)
{
	struct world *w = *state;
	struct why why;
	int group_fd = file_watch_open_group(&why);
	pid_t child;

	if (group_fd < 0) {
		print_message("%s\n", why.text);
		skip();
	}
	put(w, "root/etc/hosts", "first");
	begin(w, group_fd);
	assert_string_equal(file_watch_way(w->integrity->watch), "fanotify");
	child = in_child(write_hosts, w);
	wait_for_content(w, "/etc", "hosts", "changed");
	assert_string_equal(w->path, "/etc/hosts");
	assert_int_equal(w->actions & FILE_WRITTEN, FILE_WRITTEN);
	if (geteuid() == 0) {
		assert_int_equal(w->pid, child);
	}
}

static void what_the_agent_does_itself_is_not_told(void **state)
{
	struct world *w = *state;
	struct why why;
	int group_fd = file_watch_open_group(&why);

	if (group_fd < 0 || geteuid() != 0) {
		close(group_fd);
		skip();
	}
	begin(w, group_fd);
	put(w, "root/etc/own", "own");
	in_child(write_hosts, w);
	wait_for_content(w, "/etc", "hosts", "changed");
	assert_string_equal(w->path, "/etc/hosts");
}

static void inotify_takes_over_where_there_is_no_fanotify(void **state)
{
	struct world *w = *state;

	put(w, "root/etc/hosts", "first");
	begin(w, -1);
	assert_string_equal(file_watch_way(w->integrity->watch), "inotify");
	in_child(write_hosts, w);
	wait_for_content(w, "/etc", "hosts", "changed");
	make(w, "root/etc/new");
	put(w, "root/etc/new/inside", "inside");
	wait_for_content(w, "/etc/new", "inside", "inside");
	put(w, "root/etc/new/later", "later");
	wait_for_content(w, "/etc/new", "later", "later");
	assert_int_equal(w->pid, 0);
}

static void looking_again_finds_what_nothing_tells_of(void **state)
{
	struct world *w = *state;
	struct rlimit limit;
	struct rlimit none;
	int next_fd = dup(0);

	close(next_fd);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	none = (struct rlimit){ .rlim_cur = (rlim_t)next_fd, .rlim_max = limit.rlim_max };
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0); /* no inotify either */
	open_with(w, -1, no_cache);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	assert_string_equal(file_watch_way(w->integrity->watch), "no");
	assert_true(loop_timer_is_armed(w->integrity->look_timer));
	put(w, "root/etc/hosts", "first");
	integrity_use_policy(w->integrity, &w->policy);
	wait_until_settled(w);
	put(w, "root/etc/hosts", "changed");
	put(w, "root/etc/new", "new");
	integrity_verify(w->integrity);
	wait_until_settled(w);
	assert_true(has_content(w, "/etc", "hosts", "changed"));
	assert_true(has_content(w, "/etc", "new", "new"));
}

static void beyond_the_limit_the_first_in_path_order_are_watched_and_it_is_said(void **state)
{
	struct world *w = *state;

	make(w, "root/etc/d");
	for (unsigned n = 0; n < 30; n++) {
		char name[64];

		snprintf(name, sizeof name, "root/etc/%02u", n * 7 % 30);
		put(w, name, "x");
		snprintf(name, sizeof name, "root/etc/d/%02u", n);
		put(w, name, "x");
	}
	w->policy.files.files_max = 12;
	begin(w, -1);
	assert_int_equal(integrity_files(w->integrity)->entries, 12);
	for (unsigned n = 0; n < 30; n++) {
		char name[8];

		snprintf(name, sizeof name, "%02u", n);
		assert_int_equal(find(w, "/etc", name) != NULL, n < 12);
	}
	assert_non_null(strstr(integrity_remark(w->integrity),
			       "19 files or more beyond the limit of 12 are not watched"));
}

static void excluded_and_too_large_files_are_not_hashed(void **state)
{
	struct world *w = *state;
	const struct file_entry *large;

	make(w, "root/etc/cache");
	put(w, "root/etc/cache/x", "x");
	put(w, "root/etc/a.tmp", "x");
	put(w, "root/etc/large", "0123456789");
	put(w, "root/etc/small", "0123");
	w->policy.files.excludes[w->policy.files.exclude_count++] = span_of("/etc/cache");
	w->policy.files.excludes[w->policy.files.exclude_count++] = span_of("/**.tmp");
	w->policy.files.hash_bytes_max = 9;
	begin(w, -1);
	assert_null(find(w, "/etc", "cache"));
	assert_null(find(w, "/etc", "a.tmp"));
	large = find(w, "/etc", "large");
	assert_non_null(large);
	assert_int_equal(large->flags & ~FILE_IS_NEW, FILE_IS_KNOWN);
	assert_true(has_content(w, "/etc", "small", "0123"));
	/* and another policy takes effect while it runs */
	w->policy.files.hash_bytes_max = 10;
	w->policy.files.exclude_count = 1;
	integrity_use_policy(w->integrity, &w->policy);
	wait_until_settled(w);
	assert_true(has_content(w, "/etc", "large", "0123456789"));
	assert_non_null(find(w, "/etc", "a.tmp"));
}

static void the_policys_paths_may_be_files_links_and_one_in_another(void **state)
{
	struct world *w = *state;
	char path[PATH_MAX];

	make(w, "root/srv");
	make(w, "root/srv/real");
	put(w, "root/srv/real/x", "x");
	put(w, "root/srv/one", "one");
	put(w, "root/srv/other", "other");
	assert_int_equal(symlink("/srv/real", path_in(w, "root/link", path)), 0);
	w->policy.files.has_defaults = POLICY_OFF;
	w->policy.files.paths[w->policy.files.path_count++] = span_of("/link");
	w->policy.files.paths[w->policy.files.path_count++] = span_of("/srv/real/x");
	w->policy.files.paths[w->policy.files.path_count++] = span_of("/srv/real");
	w->policy.files.paths[w->policy.files.path_count++] = span_of("/srv/one");
	w->policy.files.paths[w->policy.files.path_count++] = span_of("/not/there");
	begin(w, -1);
	assert_int_equal(integrity_files(w->integrity)->entries, 2);
	assert_true(has_content(w, "/srv/real", "x", "x"));
	assert_true(has_content(w, "/srv", "one", "one"));
	assert_null(find(w, "/srv", "other"));
	put(w, "root/srv/one", "two");
	wait_for_content(w, "/srv", "one", "two");
}

/* Root may read everything: what is refused is shown to nobody. */
static void what_may_not_be_read_has_a_row_without_a_hash_and_ends(void **state)
{
	struct world *w = *state;
	const struct file_entry *entry;
	char path[PATH_MAX];

	put(w, "root/etc/secret", "secret");
	assert_int_equal(chmod(path_in(w, "root/etc/secret", path), 0), 0);
	assert_int_equal(chmod(w->folder, 0755), 0);
	if (geteuid() == 0) {
		assert_int_equal(seteuid(65534), 0);
	}
	begin(w, -1);
	if (getuid() == 0) {
		assert_int_equal(seteuid(0), 0);
	}
	entry = find(w, "/etc", "secret");
	assert_non_null(entry);
	assert_int_equal(entry->flags & ~FILE_IS_NEW, FILE_IS_KNOWN);
	assert_int_equal(entry->mode & 07777, 0);
}

static void a_restart_reads_nothing_that_was_hashed_before(void **state)
{
	struct world *w = *state;
	char paths[HASH_CACHE_FILES][PATH_MAX];
	int fds[HASH_CACHE_FILES];
	struct timespec tick = { .tv_nsec = 30000000 };

	put(w, "root/etc/a", "a");
	put(w, "root/etc/b", "b");
	/* what has changed in this very tick is not remembered */
	clock_nanosleep(CLOCK_MONOTONIC, 0, &tick, NULL);
	for (unsigned round = 0; round < 2; round++) {
		for (unsigned i = 0; i < HASH_CACHE_FILES; i++) {
			path_in(w, i == 0 ? "outside/hashes.0" : "outside/hashes.1", paths[i]);
			fds[i] = open(paths[i], O_RDWR | O_CREAT | O_CLOEXEC, 0600);
		}
		open_with(w, -1, fds);
		integrity_use_policy(w->integrity, &w->policy);
		wait_until_settled(w);
		assert_true(has_content(w, "/etc", "a", "a"));
		assert_true(has_content(w, "/etc", "b", "b"));
		assert_int_equal(integrity_bytes_read(w->integrity), round == 0 ? 2 : 0);
		integrity_save(w->integrity);
		integrity_free(&w->integrity);
	}
}

static void a_full_disk_costs_only_the_memory_of_hashes(void **state)
{
	struct world *w = *state;
	int fds[HASH_CACHE_FILES];

	for (unsigned i = 0; i < HASH_CACHE_FILES; i++) {
		fds[i] = open("/dev/full", O_RDWR | O_CLOEXEC);
		assert_true(fds[i] >= 0);
	}
	put(w, "root/etc/a", "a");
	open_with(w, -1, fds);
	integrity_use_policy(w->integrity, &w->policy);
	wait_until_settled(w);
	integrity_save(w->integrity); /* says so in the log */
	assert_true(has_content(w, "/etc", "a", "a"));
	put(w, "root/etc/a", "b");
	wait_for_content(w, "/etc", "a", "b");
}

/* Swaps root/etc/door between a folder and a link out of the tree until it is killed. */
static void swap_for_ever(const struct world *w)
{
	char door[PATH_MAX];
	char folder[PATH_MAX];
	char link[PATH_MAX];

	path_in(w, "root/etc/door", door);
	path_in(w, "root/etc/folder", folder);
	path_in(w, "root/etc/link", link);
	for (;;) {
		(void)rename(door, folder);
		(void)rename(link, door);
		(void)rename(door, link);
		(void)rename(folder, door);
	}
}

static bool knows_canary(const struct world *w)
{
	for (const struct file_folder *f = integrity_files(w->integrity)->roots; f != NULL;
	     f = file_set_next(f)) {
		if (file_folder_find(f, "canary") != NULL) {
			return true;
		}
	}
	return false;
}

static void a_folder_that_is_swapped_for_a_link_leads_nowhere(void **state)
{
	struct world *w = *state;
	char outside[PATH_MAX];
	char link[PATH_MAX];
	int64_t until_ms;
	pid_t child;

	put(w, "outside/canary", "outside");
	make(w, "root/etc/door");
	put(w, "root/etc/door/inside", "inside");
	assert_int_equal(symlink(path_in(w, "outside", outside), path_in(w, "root/etc/link", link)),
			 0);
	open_with(w, -1, no_cache);
	integrity_use_policy(w->integrity, &w->policy);
	child = fork();
	if (child == 0) {
		swap_for_ever(w);
	}
	until_ms = clock_ms() + 700;
	while (clock_ms() < until_ms) {
		integrity_verify(w->integrity);
		for (unsigned i = 0; i < 20; i++) {
			loop_turn(w->loop, 5);
			assert_false(knows_canary(w));
		}
	}
	assert_int_equal(kill(child, SIGKILL), 0);
	assert_int_equal(waitpid(child, NULL, 0), child);
	wait_until_settled(w);
	assert_false(knows_canary(w));
}

/* Files that come and go, and change while they are hashed, until it is killed. */
static void churn_for_ever(const struct world *w)
{
	char path[PATH_MAX];

	for (unsigned n = 0;; n++) {
		char name[64];
		int fd;

		snprintf(name, sizeof name, "root/etc/churn-%u", n % 50);
		fd = open(path_in(w, name, path), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
		if (fd >= 0) {
			(void)!write(fd, path, 50);
			close(fd);
		}
		snprintf(name, sizeof name, "root/etc/churn-%u", n * 7 % 50);
		(void)unlink(path_in(w, name, path));
	}
}

static void files_that_vanish_and_change_meanwhile_are_right_in_the_end(void **state)
{
	struct world *w = *state;
	char path[PATH_MAX];
	int64_t until_ms = clock_ms() + 700;
	struct dirent *name;
	unsigned count = 0;
	pid_t child;
	DIR *dir;

	begin(w, -1);
	child = fork();
	if (child == 0) {
		churn_for_ever(w);
	}
	while (clock_ms() < until_ms) {
		loop_turn(w->loop, 5);
	}
	assert_int_equal(kill(child, SIGKILL), 0);
	assert_int_equal(waitpid(child, NULL, 0), child);
	integrity_verify(w->integrity);
	wait_until_settled(w);
	dir = opendir(path_in(w, "root/etc", path));
	while ((name = readdir(dir)) != NULL) {
		struct buffer file OWNED(buffer_done);
		const struct file_entry *entry = find(w, "/etc", name->d_name);
		uint8_t sha256[SHA256_SIZE];

		if (name->d_name[0] == '.') {
			continue;
		}
		count++;
		buffer_init(&file, 1 << 20);
		snprintf(path, sizeof path, "%s/root/etc/%s", w->folder, name->d_name);
		assert_int_equal(file_read(path, &file), 0);
		sha256_of(buffer_span(&file), sha256);
		assert_non_null(entry);
		assert_memory_equal(entry->sha256, sha256, sizeof sha256);
	}
	closedir(dir);
	assert_int_equal(integrity_files(w->integrity)->entries, count);
}

/* What a server would hold of the table. */
struct held {
	struct digest digest;
	size_t rows;
};

static void hold(void *context, struct span row)
{
	struct held *held = context;
	struct rowhash hash = rowhash_of(TABLE_FILES, row);

	digest_add(&held->digest, &hash);
	held->rows++;
}

static void let_go(void *context, struct span row)
{
	struct held *held = context;
	struct rowhash hash = rowhash_of(TABLE_FILES, row);

	digest_remove(&held->digest, &hash);
	held->rows--;
}

static void collect_all(struct machine *machine, struct held *out)
{
	*out = (struct held){ .rows = 0 };
	assert_int_equal(collector_run(&collector_files, machine, hold, out), 0);
}

static void change_something(const struct world *w, unsigned n)
{
	char name[64];
	char other[64];
	char path[PATH_MAX];
	char path_too[PATH_MAX];

	snprintf(name, sizeof name, "root/etc/%u", n * 7 % 10);
	snprintf(other, sizeof other, "root/etc/folder/%u", n * 3 % 10);
	switch (n % 6) {
	case 0:
	case 1:
		put(w, name, name + n % 3);
		break;
	case 2:
		(void)chmod(path_in(w, name, path), n % 4 == 0 ? 0600 : 0644);
		break;
	case 3:
		(void)rename(path_in(w, name, path), path_in(w, other, path_too));
		break;
	case 4:
		(void)unlink(path_in(w, other, path));
		(void)!symlink(name, path);
		break;
	default:
		(void)unlink(path_in(w, name, path));
		(void)nftw(path_in(w, "root/etc/folder", path), remove_one, 16,
			   FTW_DEPTH | FTW_PHYS);
		(void)mkdir(path, 0755);
		break;
	}
}

static void what_has_changed_makes_what_is_there_of_what_was(void **state)
{
	struct world *w = *state;
	struct machine machine = { .tree = w->tree };
	struct held held;
	struct held all;
	unsigned partial = 0;

	make(w, "root/etc/folder");
	begin(w, -1);
	machine.integrity = w->integrity;
	collect_all(&machine, &held);
	for (unsigned n = 0; n < 60; n++) {
		int error;

		change_something(w, n);
		loop_turn(w->loop, 30);
		error = collector_run_changes(&collector_files, &machine, let_go, hold, &held);
		partial += error == 0;
		if (error != 0) {
			assert_int_equal(error, ERR_UNSUPPORTED);
			collect_all(&machine, &held);
		}
	}
	wait_until_settled(w);
	assert_int_equal(collector_run_changes(&collector_files, &machine, let_go, hold, &held), 0);
	collect_all(&machine, &all);
	assert_int_equal(held.rows, all.rows);
	assert_true(digest_equal(held.digest, all.digest));
	assert_true(partial > 50);
}

static void a_removed_folder_takes_all_below_with_it(void **state)
{
	struct world *w = *state;
	char path[PATH_MAX];

	make(w, "root/etc/a");
	make(w, "root/etc/a/b");
	make(w, "root/etc/a/b/c");
	put(w, "root/etc/a/b/c/x", "x");
	begin(w, -1);
	assert_int_equal(integrity_files(w->integrity)->folders, 4);
	assert_int_equal(rename(path_in(w, "root/etc/a", path), "/tmp/integrity-test-none/x"), -1);
	assert_int_equal(nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS), 0);
	wait_for_absence(w, "/etc", "a");
	wait_until_settled(w);
	assert_int_equal(integrity_files(w->integrity)->folders, 1);
	assert_int_equal(integrity_files(w->integrity)->entries, 0);
}

static void keep_text(void *context, const struct row *row)
{
	char *out = context;
	size_t len = strlen(out);

	for (unsigned i = FILE_CHANGES_PATH; i <= FILE_CHANGES_USER; i++) {
		struct span text = row->values[i].text;

		len += (size_t)snprintf(out + len, PATH_MAX - len, "%.*s|", (int)text.len,
					text.len > 0 ? (const char *)text.ptr : "");
	}
}

static void an_event_says_who_where_that_can_be_known(void **state)
{
	struct world *w = *state;
	const struct file_change ours = { .path = "/etc/x",
					  .actions = FILE_CREATED | FILE_WRITTEN | FILE_DELETED,
					  .pid = getpid() };
	const struct file_change unknown = { .path = "/etc/y", .actions = FILE_ATTRIBUTES };
	struct file_changes changes;
	char expected[PATH_MAX];
	char text[PATH_MAX] = "";
	char self[256] = "";

	put(w, "root/etc/passwd", "root:x:0:0::/:/bin/sh\nsomebody:x:4711:1::/:/bin/sh\n");
	assert_true(readlink("/proc/self/exe", self, sizeof self - 1) > 0);
	file_changes_init(&changes, w->tree);
	file_changes_tell(&changes, &ours, keep_text, text);
	snprintf(expected, sizeof expected,
		 "/etc/x|created|test-agent-inte|%s|%s|/etc/x|deleted|test-agent-inte|%s|%s|", self,
		 changes.user, self, changes.user);
	assert_string_equal(text, expected);
	assert_true(geteuid() != 0 || strcmp(changes.user, "root") == 0);
	text[0] = '\0';
	file_changes_tell(&changes, &unknown, keep_text, text);
	assert_string_equal(text, "/etc/y|attributes||||");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(nothing_runs_once_all_is_known),
		TEST(fanotify_tells_which_file_and_who),
		TEST(what_the_agent_does_itself_is_not_told),
		TEST(inotify_takes_over_where_there_is_no_fanotify),
		TEST(looking_again_finds_what_nothing_tells_of),
		TEST(beyond_the_limit_the_first_in_path_order_are_watched_and_it_is_said),
		TEST(excluded_and_too_large_files_are_not_hashed),
		TEST(the_policys_paths_may_be_files_links_and_one_in_another),
		TEST(what_may_not_be_read_has_a_row_without_a_hash_and_ends),
		TEST(a_restart_reads_nothing_that_was_hashed_before),
		TEST(a_full_disk_costs_only_the_memory_of_hashes),
		TEST(a_folder_that_is_swapped_for_a_link_leads_nowhere),
		TEST(files_that_vanish_and_change_meanwhile_are_right_in_the_end),
		TEST(an_event_says_who_where_that_can_be_known),
		TEST(a_removed_folder_takes_all_below_with_it),
		TEST(what_has_changed_makes_what_is_there_of_what_was),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
