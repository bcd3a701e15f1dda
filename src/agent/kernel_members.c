/* kernel_members.c - the kernel's own description, read once. */
#include "agent/kernel_members.h"

#include "base/error.h"
#include "sys/buffer.h"
#include "sys/file.h"

#define BTF_BYTES_MAX (64u << 20)

int kernel_members(struct btf_member *wanted, size_t count, size_t required)
{
	struct buffer file OWNED(buffer_done);
	int error;

	buffer_init(&file, BTF_BYTES_MAX);
	error = file_read("/sys/kernel/btf/vmlinux", &file);
	if (error == 0) {
		error = btf_find(buffer_span(&file), wanted, count);
	}
	for (size_t i = 0; error == 0 && i < required; i++) {
		error = wanted[i].is_found ? 0 : ERR_NOT_FOUND;
	}
	return error;
}
