/* mount_guard_test.c - what is mounted is known without touching it. */
#include "agent/mount_guard.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "agent/tree.h"
#include "base/error.h"

static const char mountinfo[] = "21 1 8:1 / / rw,relatime - ext4 /dev/sda1 rw\n"
				"30 21 0:30 / /srv/nfs rw,relatime - nfs4 files:/export rw\n"
				"31 21 0:31 /sub /srv/bound rw,relatime - nfs files:/export rw\n"
				"32 21 0:32 / /home/a\\040b rw - fuse.sshfs host: rw\n"
				"33 21 0:33 / /net rw - autofs systemd-1 rw\n"
				"34 33 8:2 / /net rw - ext4 /dev/sda2 rw\n"
				"35 21 0:35 / /var/lib/overlay rw - overlay overlay rw\n"
				"36 21 0:36 / /image/srv/nfs rw - cifs //files/x rw\n"
				"37 21 0:37 / /imagefile rw - fuse x rw\n"
				"broken line\n";

static void assert_type(const struct mount_guard *g, const char *folder, const char *name,
			const char *wanted)
{
	const char *type = mount_guard_refuses(g, folder, name);

	if (wanted == NULL) {
		assert_null(type);
	} else {
		assert_non_null(type);
		assert_string_equal(type, wanted);
	}
}

static void remote_file_systems_are_refused_where_they_are_mounted(void **state)
{
	struct mount_guard *g = mount_guard_new("", "/dev/null");

	(void)state;
	mount_guard_load(g, span_of(mountinfo));
	assert_type(g, "/srv", "nfs", "nfs4");
	assert_type(g, "/srv", "bound", "nfs"); /* a bind mount says its type too */
	assert_type(g, "/home", "a b", "fuse.sshfs");
	assert_type(g, "", "imagefile", "fuse");
	assert_type(g, "/srv", "nf", NULL);
	assert_type(g, "/srv", "nfs2", NULL);
	assert_type(g, "", "srv", NULL);
	assert_type(g, "/var/lib", "overlay", NULL);
	mount_guard_free(&g);
}

static void what_is_mounted_over_a_refused_one_is_read(void **state)
{
	struct mount_guard *g = mount_guard_new("", "/dev/null");

	(void)state;
	mount_guard_load(g, span_of(mountinfo));
	assert_type(g, "", "net", NULL);
	mount_guard_free(&g);
}

static void paths_are_those_of_the_tree(void **state)
{
	struct mount_guard *g = mount_guard_new("/image", "/dev/null");
	const char *type;

	(void)state;
	mount_guard_load(g, span_of(mountinfo));
	assert_type(g, "/srv", "nfs", "cifs");
	assert_string_equal(mount_guard_at(g, 0, &type), "/srv/nfs");
	assert_null(mount_guard_at(g, 1, &type)); /* "/imagefile" only begins alike */
	mount_guard_free(&g);
}

static void local_types_are_read_and_subtypes_of_remote_ones_are_not(void **state)
{
	static const char *const local[] = { "ext4", "xfs",   "btrfs",   "tmpfs",  "zfs",
					     "vfat", "nfsd",  "fusectl", "proc",   "overlay",
					     "",     "9pnot", "f2fs",    "iso9660" };
	static const char *const remote[] = { "nfs",  "nfs4",   "cifs",   "smb3",
					      "fuse", "fuse.x", "autofs", "9p" };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(local); i++) {
		assert_false(mount_guard_is_remote(span_of(local[i])));
	}
	for (size_t i = 0; i < COUNT_OF(remote); i++) {
		assert_true(mount_guard_is_remote(span_of(remote[i])));
	}
}

/* The tree asks the guard before each step: here a plain folder stands for the mount, so that only
 * the guard can be why it is not read. */
static void a_tree_never_steps_into_what_is_refused(void **state)
{
	char root[] = "/tmp/mount-guard-test-XXXXXX";
	char path[128];
	struct tree *tree;
	struct tree_folder *folder = NULL;
	struct tree_folder *entered = NULL;
	struct tree_entry entry;
	struct stat status;
	struct why why;
	size_t len = 0;
	uint8_t byte;
	int fd;

	(void)state;
	assert_non_null(mkdtemp(root));
	snprintf(path, sizeof path, "%s/srv", root);
	assert_int_equal(mkdir(path, 0700), 0);
	snprintf(path, sizeof path, "%s/srv/nfs", root);
	assert_int_equal(mkdir(path, 0700), 0);
	snprintf(path, sizeof path, "%s/srv/nfs/deep", root);
	assert_int_equal(mkdir(path, 0700), 0);
	snprintf(path, sizeof path, "%s/link", root);
	assert_int_equal(symlink("/srv/nfs", path), 0);
	assert_int_equal(tree_new(root, &tree, &why), 0);
	assert_int_equal(tree_look(tree, "/srv/nfs/deep", &entry, NULL), 0);
	snprintf(path, sizeof path, "30 21 0:30 / %s/srv/nfs rw - nfs4 files:/x rw\n", root);
	mount_guard_load(tree_guard(tree), span_of(path));
	tree_rest(tree);

	assert_null(tree_refusal(tree));
	assert_int_equal(tree_look(tree, "/srv/nfs", &entry, NULL), ERR_UNSUPPORTED);
	assert_string_equal(tree_refusal(tree), "/srv/nfs: nfs4 is not read");
	assert_int_equal(tree_look(tree, "/srv/nfs/deep", &entry, NULL), ERR_UNSUPPORTED);
	assert_int_equal(tree_look(tree, "/link/deep", &entry, NULL), ERR_UNSUPPORTED);
	assert_int_equal(tree_open(tree, "/srv/nfs/deep/x", &fd), ERR_UNSUPPORTED);
	assert_int_equal(tree_folder_open(tree, "/srv/nfs", &folder), ERR_UNSUPPORTED);
	assert_int_equal(tree_folder_reach(tree, "/srv/nfs/deep", &folder), ERR_UNSUPPORTED);
	assert_int_equal(tree_folder_open(tree, "/srv", &folder), 0);
	assert_int_equal(tree_folder_enter(folder, "nfs", &entered), ERR_UNSUPPORTED);
	assert_int_equal(tree_folder_status(folder, "nfs", &status), ERR_UNSUPPORTED);
	assert_int_equal(tree_folder_file(folder, "nfs", &fd), ERR_UNSUPPORTED);
	assert_int_equal(tree_folder_attribute(folder, "nfs", "user.x", &byte, 1, &len),
			 ERR_UNSUPPORTED);
	tree_folder_close(&folder);
	tree_free(&tree);
	snprintf(path, sizeof path, "%s/srv/nfs/deep", root);
	rmdir(path);
	snprintf(path, sizeof path, "%s/srv/nfs", root);
	rmdir(path);
	snprintf(path, sizeof path, "%s/srv", root);
	rmdir(path);
	snprintf(path, sizeof path, "%s/link", root);
	unlink(path);
	rmdir(root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(remote_file_systems_are_refused_where_they_are_mounted),
		cmocka_unit_test(what_is_mounted_over_a_refused_one_is_read),
		cmocka_unit_test(paths_are_those_of_the_tree),
		cmocka_unit_test(local_types_are_read_and_subtypes_of_remote_ones_are_not),
		cmocka_unit_test(a_tree_never_steps_into_what_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
