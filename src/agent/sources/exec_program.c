/*
 * exec_program.c - what happens in the kernel at each exec.
 *
 * At sched_process_exec(task, old pid, bprm) the new image is laid out: mm->arg_start to arg_end
 * are the arguments, bprm->file is the program itself (of a script: its interpreter), which mount,
 * dentry and inode tell from all others. A record is built in a per-CPU scratch (the tracepoint
 * does not nest) and copied into the ring.
 *
 *	 0 boot time          40 program's inode         80 parent's number, 84 login user
 *	 8 process, thread    48 parent's mount, dentry  88 length of the arguments
 *	16 group, user        64 parent's inode          96 bytes of them that are here
 *	24 mount, dentry      72 both devices           104 arguments, then the path and NUL
 *
 * The functions that read memory are offered by the kernel to programs under the GPL only. The
 * instructions that build_full() makes may therefore be used under the GPL 2 as well as under this
 * project's license.
 */
#include "agent/sources/exec_program.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "agent/kernel_members.h"
#include "base/error.h"
#include "base/reader.h"
#include "sys/file.h"

/* Some 1,500 usual records: at 1,000 a second what comes in more than a second. */
#define RING_BYTES (256u << 10)

#define CODE_MAX 256

#define AT_TIME          0
#define AT_PROCESS       8
#define AT_USER          16
#define AT_MOUNT         24
#define AT_INODE         40
#define AT_PARENT_MOUNT  48
#define AT_PARENT_INODE  64
#define AT_DEVICE        72
#define AT_PARENT_DEVICE 76
#define AT_PARENT        80
#define AT_LOGIN         84
#define AT_TOTAL         88
#define AT_LENGTH        96
#define AT_DATA          EXEC_RECORD_HEAD
#define SCRATCH_SIZE     EXEC_RECORD_MAX

/* The small program's record ends before the mount. */
#define SMALL_SIZE AT_MOUNT

/* Places on the program's stack. */
#define STACK_POINTER -8
#define STACK_START   -16
#define STACK_END     -24
#define STACK_KEY     -32
#define STACK_RECORD  -64

enum {
	TASK_MM,
	TASK_PARENT,
	TASK_TGID,
	MM_ARG_START,
	MM_ARG_END,
	MM_EXE_FILE,
	BPRM_FILE,
	BPRM_INTERP,
	FILE_PATH,
	FILE_INODE,
	INODE_NUMBER,
	INODE_SUPER,
	SUPER_DEVICE,
	REQUIRED_MEMBERS,
	TASK_LOGINUID = REQUIRED_MEMBERS, /* only with CONFIG_AUDIT */
	MEMBERS
};

struct code {
	struct bpf_insn insns[CODE_MAX];
	size_t count;
};

static void emit(struct code *c, struct bpf_insn insn)
{
	assert(c->count < CODE_MAX);
	c->insns[c->count++] = insn;
}

static void emit_map(struct code *c, int to, int fd)
{
	const struct bpf_insn pair[] = { INSN_LOAD_MAP(to, fd) };

	emit(c, pair[0]);
	emit(c, pair[1]);
}

/* R0 = the one element of an array, or the program ends. */
static void emit_element(struct code *c, int map_fd)
{
	emit(c, INSN_STORE_VALUE(BPF_W, BPF_REG_10, STACK_KEY, 0));
	emit_map(c, BPF_REG_1, map_fd);
	emit(c, INSN_MOVE(BPF_REG_2, BPF_REG_10));
	emit(c, INSN_ADD(BPF_REG_2, STACK_KEY));
	emit(c, INSN_CALL(BPF_FUNC_map_lookup_elem));
	emit(c, INSN_JUMP(BPF_JNE, BPF_REG_0, 0, 2));
	emit(c, INSN_SET(BPF_REG_0, 0));
	emit(c, INSN_EXIT);
}

/* Nothing to do while nobody wants it. */
static void emit_switch(struct code *c, int control_fd)
{
	emit_element(c, control_fd);
	emit(c, INSN_LOAD(BPF_DW, BPF_REG_0, BPF_REG_0, offsetof(struct exec_control, is_off)));
	emit(c, INSN_JUMP(BPF_JEQ, BPF_REG_0, 0, 2));
	emit(c, INSN_SET(BPF_REG_0, 0));
	emit(c, INSN_EXIT);
}

/* Who and when, to base + at of what is at hand. */
static void emit_who(struct code *c, int base, int at)
{
	emit(c, INSN_CALL(BPF_FUNC_ktime_get_boot_ns));
	emit(c, INSN_STORE(BPF_DW, base, (int16_t)(at + AT_TIME), BPF_REG_0));
	emit(c, INSN_CALL(BPF_FUNC_get_current_pid_tgid));
	emit(c, INSN_STORE(BPF_DW, base, (int16_t)(at + AT_PROCESS), BPF_REG_0));
	emit(c, INSN_CALL(BPF_FUNC_get_current_uid_gid));
	emit(c, INSN_STORE(BPF_DW, base, (int16_t)(at + AT_USER), BPF_REG_0));
}

/* R2 bytes at R10 - or wherever R1 says - were put into the ring, or are counted. R2 the record,
 * R3 its length. */
static void emit_output(struct code *c, int ring_fd, int control_fd)
{
	emit_map(c, BPF_REG_1, ring_fd);
	emit(c, INSN_SET(BPF_REG_4, 0));
	emit(c, INSN_CALL(BPF_FUNC_ringbuf_output));
	emit(c, INSN_JUMP(BPF_JNE, BPF_REG_0, 0, 2));
	emit(c, INSN_SET(BPF_REG_0, 0));
	emit(c, INSN_EXIT);
	emit_element(c, control_fd);
	emit(c, INSN_SET(BPF_REG_1, 1));
	emit(c, INSN_ATOMIC_ADD(BPF_REG_0, offsetof(struct exec_control, lost), BPF_REG_1));
	emit(c, INSN_SET(BPF_REG_0, 0));
	emit(c, INSN_EXIT);
}

/* Kernel memory at from + offset, size bytes, to base + at. What cannot be read is zero. */
static void emit_read(struct code *c, int base, int at, int size, int from, uint32_t offset)
{
	emit(c, INSN_MOVE(BPF_REG_3, from));
	emit(c, INSN_ADD(BPF_REG_3, (int32_t)offset));
	emit(c, INSN_MOVE(BPF_REG_1, base));
	emit(c, INSN_ADD(BPF_REG_1, at));
	emit(c, INSN_SET(BPF_REG_2, size));
	emit(c, INSN_CALL(BPF_FUNC_probe_read_kernel));
}

/* R9 = the pointer at from + offset. */
static void emit_follow(struct code *c, int from, uint32_t offset)
{
	emit_read(c, BPF_REG_10, STACK_POINTER, 8, from, offset);
	emit(c, INSN_LOAD(BPF_DW, BPF_REG_9, BPF_REG_10, STACK_POINTER));
}

/* Of the struct file in R9. */
static void emit_key(struct code *c, const struct btf_member *m, int mount_at, int inode_at,
		     int device_at)
{
	emit_read(c, BPF_REG_7, mount_at, 16, BPF_REG_9, m[FILE_PATH].offset);
	emit_follow(c, BPF_REG_9, m[FILE_INODE].offset);
	emit_read(c, BPF_REG_7, inode_at, 8, BPF_REG_9, m[INODE_NUMBER].offset);
	emit_follow(c, BPF_REG_9, m[INODE_SUPER].offset);
	emit_read(c, BPF_REG_7, device_at, 4, BPF_REG_9, m[SUPER_DEVICE].offset);
}

/* R9 = how many bytes of arguments are in the record. */
static void emit_arguments(struct code *c, const struct btf_member *m)
{
	emit_follow(c, BPF_REG_6, m[TASK_MM].offset);
	emit_read(c, BPF_REG_10, STACK_START, 8, BPF_REG_9, m[MM_ARG_START].offset);
	emit_read(c, BPF_REG_10, STACK_END, 8, BPF_REG_9, m[MM_ARG_END].offset);
	emit(c, INSN_LOAD(BPF_DW, BPF_REG_3, BPF_REG_10, STACK_START));
	emit(c, INSN_LOAD(BPF_DW, BPF_REG_9, BPF_REG_10, STACK_END));
	emit(c, INSN_SUBTRACT_REG(BPF_REG_9, BPF_REG_3));
	emit(c, INSN_STORE(BPF_DW, BPF_REG_7, AT_TOTAL, BPF_REG_9));
	emit(c, INSN_JUMP(BPF_JLE, BPF_REG_9, EXEC_ARGUMENTS_MAX, 1));
	emit(c, INSN_SET(BPF_REG_9, EXEC_ARGUMENTS_MAX));
	emit(c, INSN_STORE(BPF_DW, BPF_REG_7, AT_LENGTH, BPF_REG_9));
	emit(c, INSN_MOVE(BPF_REG_1, BPF_REG_7));
	emit(c, INSN_ADD(BPF_REG_1, AT_DATA));
	emit(c, INSN_MOVE(BPF_REG_2, BPF_REG_9));
	emit(c, INSN_CALL(BPF_FUNC_probe_read_user));
}

/* R9 += how many bytes of the path are behind the arguments. */
static void emit_path(struct code *c, const struct btf_member *m)
{
	emit_read(c, BPF_REG_10, STACK_POINTER, 8, BPF_REG_8, m[BPRM_INTERP].offset);
	emit(c, INSN_LOAD(BPF_DW, BPF_REG_3, BPF_REG_10, STACK_POINTER));
	emit(c, INSN_MOVE(BPF_REG_1, BPF_REG_7));
	emit(c, INSN_ADD_REG(BPF_REG_1, BPF_REG_9));
	emit(c, INSN_ADD(BPF_REG_1, AT_DATA));
	emit(c, INSN_SET(BPF_REG_2, EXEC_PATH_MAX));
	emit(c, INSN_CALL(BPF_FUNC_probe_read_kernel_str));
	emit(c, INSN_JUMP(BPF_JLE, BPF_REG_0, EXEC_PATH_MAX, 1)); /* an error is a great number */
	emit(c, INSN_SET(BPF_REG_0, 0));
	emit(c, INSN_ADD_REG(BPF_REG_9, BPF_REG_0));
}

static void build_full(struct code *c, const struct exec_program *p, const struct btf_member *m)
{
	emit(c, INSN_LOAD(BPF_DW, BPF_REG_6, BPF_REG_1, 0));  /* the task */
	emit(c, INSN_LOAD(BPF_DW, BPF_REG_8, BPF_REG_1, 16)); /* bprm */
	emit_switch(c, p->control_fd);
	emit_element(c, p->scratch_fd);
	emit(c, INSN_MOVE(BPF_REG_7, BPF_REG_0));
	emit_who(c, BPF_REG_7, 0);
	emit_follow(c, BPF_REG_8, m[BPRM_FILE].offset);
	emit_key(c, m, AT_MOUNT, AT_INODE, AT_DEVICE);
	emit_follow(c, BPF_REG_6, m[TASK_PARENT].offset);
	emit_read(c, BPF_REG_7, AT_PARENT, 4, BPF_REG_9, m[TASK_TGID].offset);
	emit_follow(c, BPF_REG_9, m[TASK_MM].offset);
	emit_follow(c, BPF_REG_9, m[MM_EXE_FILE].offset);
	emit_key(c, m, AT_PARENT_MOUNT, AT_PARENT_INODE, AT_PARENT_DEVICE);
	if (m[TASK_LOGINUID].is_found) {
		emit_read(c, BPF_REG_7, AT_LOGIN, 4, BPF_REG_6, m[TASK_LOGINUID].offset);
	} else {
		emit(c, INSN_STORE_VALUE(BPF_W, BPF_REG_7, AT_LOGIN, -1));
	}
	emit_arguments(c, m);
	emit_path(c, m);
	emit(c, INSN_MOVE(BPF_REG_2, BPF_REG_7));
	emit(c, INSN_ADD(BPF_REG_9, AT_DATA));
	emit(c, INSN_MOVE(BPF_REG_3, BPF_REG_9));
	emit_output(c, p->ring.fd, p->control_fd);
}

static void build_small(struct code *c, const struct exec_program *p)
{
	emit_switch(c, p->control_fd);
	emit_who(c, BPF_REG_10, STACK_RECORD);
	emit(c, INSN_MOVE(BPF_REG_2, BPF_REG_10));
	emit(c, INSN_ADD(BPF_REG_2, STACK_RECORD));
	emit(c, INSN_SET(BPF_REG_3, SMALL_SIZE));
	emit_output(c, p->ring.fd, p->control_fd);
}

static int find_members(struct btf_member m[MEMBERS])
{
	static const struct btf_member wanted[MEMBERS] = {
		[TASK_MM] = { "task_struct", "mm" },
		[TASK_PARENT] = { "task_struct", "real_parent" },
		[TASK_TGID] = { "task_struct", "tgid" },
		[MM_ARG_START] = { "mm_struct", "arg_start" },
		[MM_ARG_END] = { "mm_struct", "arg_end" },
		[MM_EXE_FILE] = { "mm_struct", "exe_file" },
		[BPRM_FILE] = { "linux_binprm", "file" },
		[BPRM_INTERP] = { "linux_binprm", "interp" },
		[FILE_PATH] = { "file", "f_path" },
		[FILE_INODE] = { "file", "f_inode" },
		[INODE_NUMBER] = { "inode", "i_ino" },
		[INODE_SUPER] = { "inode", "i_sb" },
		[SUPER_DEVICE] = { "super_block", "s_dev" },
		[TASK_LOGINUID] = { "task_struct", "loginuid" },
	};

	memcpy(m, wanted, sizeof wanted);
	return kernel_members(m, MEMBERS, REQUIRED_MEMBERS);
}

static int attach(struct exec_program *p, bool want_full)
{
	struct btf_member members[MEMBERS];
	struct code code = { .count = 0 };

	if (want_full && find_members(members) == 0) {
		build_full(&code, p, members);
		p->link_fd =
			bpf_attach("sched_process_exec", code.insns, code.count, "Dual BSD/GPL");
		p->is_full = p->link_fd >= 0;
	}
	if (p->link_fd < 0) {
		code.count = 0;
		build_small(&code, p);
		p->link_fd = bpf_attach("sched_process_exec", code.insns, code.count, "Apache-2.0");
	}
	return p->link_fd;
}

static bool map_control(struct exec_program *p)
{
	void *page = MAP_FAILED;

	p->control_fd = bpf_map(BPF_MAP_TYPE_ARRAY, sizeof *p->control, 1, BPF_F_MMAPABLE);
	if (p->control_fd >= 0) {
		page = mmap(NULL, (size_t)sysconf(_SC_PAGESIZE), PROT_READ | PROT_WRITE, MAP_SHARED,
			    p->control_fd, 0);
	}
	p->control = page == MAP_FAILED ? NULL : page;
	return p->control != NULL;
}

/* The numbers that BPF tells are those of the first name space; /proc shows those of ours. */
static bool is_first_pid_space(void)
{
	char text[64];
	ssize_t len = readlink("/proc/self/ns/pid", text, sizeof text);

	return len > 0 &&
	       span_is((struct span){ (const uint8_t *)text, (size_t)len }, "pid:[4026531836]");
}

int exec_program_open(bool want_full, struct exec_program *out, struct why *why)
{
	struct exec_program p = {
		.ring = { .fd = -1 }, .control_fd = -1, .scratch_fd = -1, .link_fd = -1
	};
	int number;

	if (!is_first_pid_space()) {
		return why_set(why, ERR_UNSUPPORTED,
			       "within a container's processes: the kernel tells other numbers");
	}
	if (bpf_ring_open(RING_BYTES, &p.ring) && map_control(&p)) {
		p.scratch_fd = bpf_map(BPF_MAP_TYPE_PERCPU_ARRAY, SCRATCH_SIZE, 1, 0);
		(void)attach(&p, want_full && p.scratch_fd >= 0);
	}
	number = errno;
	if (p.link_fd < 0) {
		exec_program_close(&p);
		return why_set(why, ERR_UNSUPPORTED, "no BPF program on sched_process_exec: %s",
			       strerror(number));
	}
	*out = p;
	return 0;
}

void exec_program_close(struct exec_program *p)
{
	file_close(&p->link_fd);
	file_close(&p->scratch_fd);
	if (p->control != NULL) {
		(void)munmap((void *)(uintptr_t)p->control, (size_t)sysconf(_SC_PAGESIZE));
		p->control = NULL;
	}
	file_close(&p->control_fd);
	bpf_ring_close(&p->ring);
}

static void read_place(struct reader *r, struct program_key *out)
{
	out->mount = reader_le64(r);
	out->dentry = reader_le64(r);
	out->inode = reader_le64(r);
}

int exec_record_parse(struct span bytes, struct exec_record *out)
{
	struct exec_record record = { .login_uid = EXEC_USER_UNSET };
	struct reader r = reader_over(bytes);
	uint64_t total;
	uint64_t len;

	record.boot_ns = reader_le64(&r);
	record.pid = (uint32_t)(reader_le64(&r) >> 32);
	record.uid = (uint32_t)reader_le64(&r);
	record.is_full = bytes.len > SMALL_SIZE;
	if (record.is_full) {
		read_place(&r, &record.program);
		read_place(&r, &record.parent_program);
		record.program.device = reader_le32(&r);
		record.parent_program.device = reader_le32(&r);
		record.parent_pid = reader_le32(&r);
		record.login_uid = reader_le32(&r);
		total = reader_le64(&r);
		len = reader_le64(&r);
		record.is_cut = total > len;
		record.arguments = reader_bytes(&r, (size_t)len);
		record.path = reader_until(&r, 0);
	}
	if (!reader_ok(&r)) {
		return ERR_MALFORMED;
	}
	*out = record;
	return 0;
}

static void write_place(struct writer *w, const struct program_key *key)
{
	writer_le64(w, key->mount);
	writer_le64(w, key->dentry);
	writer_le64(w, key->inode);
}

void exec_record_write(const struct exec_record *record, struct writer *w)
{
	writer_le64(w, record->boot_ns);
	writer_le64(w, (uint64_t)record->pid << 32);
	writer_le64(w, record->uid);
	write_place(w, &record->program);
	write_place(w, &record->parent_program);
	writer_le32(w, record->program.device);
	writer_le32(w, record->parent_program.device);
	writer_le32(w, record->parent_pid);
	writer_le32(w, record->login_uid);
	writer_le64(w, record->arguments.len + (record->is_cut ? 1 : 0));
	writer_le64(w, record->arguments.len);
	writer_bytes(w, record->arguments);
	writer_bytes(w, span_first(record->path, EXEC_PATH_MAX - 1));
	writer_u8(w, 0);
}

bool exec_program_next(struct exec_program *p, struct exec_record *out)
{
	struct span bytes;

	while (bpf_ring_next(&p->ring, &bytes)) {
		if (exec_record_parse(bytes, out) == 0) {
			return true;
		}
	}
	return false;
}
