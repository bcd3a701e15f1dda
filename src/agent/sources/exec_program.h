/*
 * exec_program.h - the BPF programs on the tracepoint sched_process_exec, and the records they
 * write.
 *
 * The full one needs to know where members of the kernel's structs are (BTF); the small one needs
 * nothing and says only who. Both count what the ring had no room for.
 */
#pragma once

#include "base/attr.h"
#include "base/span.h"
#include "base/writer.h"
#include "sys/bpf.h"
#include "sys/why.h"

/* Bytes of arguments that a record holds at the most, and of the program's path. */
#define EXEC_ARGUMENTS_MAX 1024
#define EXEC_PATH_MAX      256

/* What tells one program from another without a look at the file system: the kernel's own
 * addresses. All zero: not known. */
struct program_key {
	uint64_t mount;
	uint64_t dentry;
	uint64_t inode;
	uint32_t device;
};

#define EXEC_USER_UNSET UINT32_MAX

struct exec_record {
	uint64_t boot_ns; /* CLOCK_BOOTTIME */
	uint32_t pid;
	uint32_t uid;
	bool is_full; /* what follows is known */
	struct program_key program;
	struct program_key parent_program;
	uint32_t parent_pid;
	uint32_t login_uid;    /* EXEC_USER_UNSET where nobody logged in */
	bool is_cut;           /* the arguments are longer than what is here */
	struct span arguments; /* each ended by NUL, but a cut one */
	struct span path;      /* as the program was named; may be relative */
};

/* The programs' side of things, mapped: what they read and what they count. */
struct exec_control {
	uint64_t is_off;
	uint64_t lost;
};

struct exec_program {
	struct bpf_ring ring;
	volatile struct exec_control *control; /* one page */
	int control_fd;
	int scratch_fd;
	int link_fd;
	bool is_full;
};

/* want_full false: the small one, for tests and where the full one is refused. ERR_UNSUPPORTED with
 * a reason. */
MUST_USE int exec_program_open(bool want_full, struct exec_program *out, struct why *why);
void exec_program_close(struct exec_program *program);

/* The next record; false where there is none left. Borrowed until the next call. */
bool exec_program_next(struct exec_program *program, struct exec_record *out);

/* The most bytes that a record has. */
#define EXEC_RECORD_HEAD 104
#define EXEC_RECORD_MAX  (EXEC_RECORD_HEAD + EXEC_ARGUMENTS_MAX + EXEC_PATH_MAX)

/* The same bytes as the full program writes; w has EXEC_RECORD_MAX. */
void exec_record_write(const struct exec_record *record, struct writer *w);

/* A record's bytes; ERR_MALFORMED. */
MUST_USE int exec_record_parse(struct span bytes, struct exec_record *out);
