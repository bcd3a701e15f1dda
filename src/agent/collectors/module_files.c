/* module_files.c - "kernel/fs/ext4/ext4.ko: kernel/lib/crc16.ko ..." */
#include "agent/collectors/module_files.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/collector.h"
#include "base/error.h"
#include "base/reader.h"
#include "formats/module_signature.h"
#include "sys/alloc.h"
#include "sys/file.h"

#define DEP_MAX        (16u << 20)
#define NAME_MAX_BYTES 64 /* MODULE_NAME_LEN of the kernel */

static int by_name(const void *a, const void *b)
{
	return span_compare(((const struct module_file *)a)->name,
			    ((const struct module_file *)b)->name);
}

/* The kernel's name of "kernel/x/snd-pcm.ko.xz": "snd_pcm". False where it is no module. */
static bool name_of(struct span path, uint8_t name[NAME_MAX_BYTES], size_t *out_len)
{
	struct span base = path;
	size_t slash;
	size_t len;

	while ((slash = span_find(base, '/')) < base.len) {
		base = span_after(base, slash + 1);
	}
	len = span_find(base, '.');
	if (len == 0 || len >= NAME_MAX_BYTES || !span_starts_with(span_after(base, len), ".ko")) {
		return false;
	}
	for (size_t i = 0; i < len; i++) {
		name[i] = base.ptr[i] == '-' ? '_' : base.ptr[i];
	}
	*out_len = len;
	return true;
}

static void take_line(struct span line, const char *folder, struct module_file *modules,
		      size_t count)
{
	struct span path = span_first(line, span_find(line, ':'));
	char *relative OWNED(alloc_free) = NULL;
	uint8_t name[NAME_MAX_BYTES];
	char whole[TREE_PATH_SIZE];
	struct module_file *found;
	struct module_file key;

	key.name.ptr = name;
	if (path.len == line.len || !name_of(path, name, &key.name.len)) {
		return;
	}
	found = bsearch(&key, modules, count, sizeof *modules, by_name);
	if (found == NULL || found->path != NULL) {
		return;
	}
	relative = alloc_span(path);
	if (relative[0] == '/') {
		found->path = alloc_text(relative);
	} else if (tree_join(folder, relative, whole) == 0) {
		found->path = alloc_text(whole);
	}
}

int module_files_find(struct tree *tree, const char *release, struct module_file *modules,
		      size_t count)
{
	struct buffer dep OWNED(buffer_done);
	char folder[TREE_PATH_SIZE];
	char path[TREE_PATH_SIZE];
	struct reader r;
	int error;

	buffer_init(&dep, DEP_MAX);
	if (count == 0 || tree_join("/lib/modules", release, folder) != 0 ||
	    tree_join(folder, "modules.dep", path) != 0) {
		return 0;
	}
	error = tree_read(tree, path, &dep);
	if (error != 0) {
		return collection_missing(error);
	}
	r = reader_over(buffer_span(&dep));
	while (reader_left(&r) > 0) {
		take_line(reader_line(&r), folder, modules, count);
	}
	return 0;
}

void module_files_done(struct module_file *modules, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		free(modules[i].path);
	}
}

static bool read_at(int fd, off_t offset, uint8_t *to, size_t len)
{
	return offset >= 0 && pread(fd, to, len, offset) == (ssize_t)len;
}

void module_files_write_signer(struct tree *tree, const struct module_file *module,
			       struct writer *w)
{
	uint8_t trailer[MODULE_SIGNATURE_TRAILER_SIZE];
	uint8_t *signature OWNED(alloc_free) = NULL;
	OWNED(file_close) int fd = -1;
	size_t mark = writer_used(w);
	struct stat status;
	uint32_t len;
	off_t end;

	if (module->path == NULL || !span_ends_with(span_of(module->path), ".ko") ||
	    tree_open(tree, module->path, &fd) != 0 || fstat(fd, &status) < 0) {
		return;
	}
	end = status.st_size - (off_t)sizeof trailer;
	if (!read_at(fd, end, trailer, sizeof trailer) ||
	    module_signature_trailer((struct span){ trailer, sizeof trailer }, &len) != 0) {
		return;
	}
	signature = alloc_zeroed(1, (size_t)len + 1);
	if (!read_at(fd, end - (off_t)len, signature, len) ||
	    module_signature_signer((struct span){ signature, len }, w) != 0) {
		writer_rewind(w, mark);
	}
}
