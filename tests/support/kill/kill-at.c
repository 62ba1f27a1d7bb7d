/*
 * Preloaded into every process of an operation: counts the calls that change files below a directory,
 * in memory that all of them share, and kills the whole tree at the n-th, before it is done. A write is
 * two points: before it, and after half of its bytes. A call that glibc makes by itself (the writes
 * behind `fclose`) can't be interposed, so the call that leads to it is counted.
 *
 * KILL_AT_STATE: the shared file; KILL_AT_ROOT: the directory, with its real path.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>
#include <utime.h>

#define MOST_PIDS 4096

struct shared {
  _Atomic uint64_t count;
  uint64_t kill_at; /* 0: never */
  _Atomic uint64_t killed;
  _Atomic uint64_t pids_used;
  _Atomic int32_t pids[MOST_PIDS];
  char where[PATH_MAX];
  /* A journal of all points of a whole run, for people: off unless there is room. */
};

static struct shared *state = NULL;
static char root[PATH_MAX];
static size_t root_length = 0;

static void enlist(void) {
  if (state == NULL) return;
  uint64_t at = atomic_fetch_add(&state->pids_used, 1);
  if (at < MOST_PIDS) atomic_store(&state->pids[at], (int32_t)getpid());
  if (atomic_load(&state->killed)) kill(getpid(), SIGKILL);
}

static void die(void) {
  for (;;) {
    uint64_t used = atomic_load(&state->pids_used);
    int self = getpid();
    for (uint64_t at = 0; at < used && at < MOST_PIDS; at++) {
      int pid = atomic_load(&state->pids[at]);
      if (pid > 0 && pid != self) kill(pid, SIGKILL);
    }
    if (atomic_load(&state->pids_used) == used) break;
  }
  kill(getpid(), SIGKILL);
  for (;;) pause();
}

__attribute__((constructor)) static void begin(void) {
  const char *file = getenv("KILL_AT_STATE");
  const char *below = getenv("KILL_AT_ROOT");
  if (file == NULL || below == NULL) return;
  int (*really_open)(const char *, int, ...) = dlsym(RTLD_NEXT, "open");
  int fd = really_open(file, O_RDWR | O_CLOEXEC);
  if (fd < 0) return;
  void *mapped = mmap(NULL, sizeof(struct shared), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  close(fd);
  if (mapped == MAP_FAILED) return;
  strncpy(root, below, sizeof root - 1);
  root_length = strlen(root);
  state = mapped;
  pthread_atfork(NULL, NULL, enlist);
  enlist();
}

static int is_below(const char *path) {
  return strncmp(path, root, root_length) == 0 && (path[root_length] == '/' || path[root_length] == 0);
}

/* Whether a path, relative to a directory, is one that counts. */
static int counts(int directory, const char *path) {
  if (state == NULL || path == NULL) return 0;
  if (path[0] == '/') return is_below(path);
  char link[64], at[PATH_MAX];
  if (directory == AT_FDCWD) return getcwd(at, sizeof at) != NULL && is_below(at);
  snprintf(link, sizeof link, "/proc/self/fd/%d", directory);
  ssize_t length = readlink(link, at, sizeof at - 1);
  if (length < 0) return 0;
  at[length] = 0;
  return is_below(at);
}

static int counts_fd(int fd) {
  if (state == NULL) return 0;
  char link[64], at[PATH_MAX];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, at, sizeof at - 1);
  if (length < 0) return 0;
  at[length] = 0;
  return is_below(at);
}

/* Answers whether this is the point to die at. */
static int point(const char *call, const char *path) {
  if (atomic_load(&state->killed)) die();
  uint64_t now = atomic_fetch_add(&state->count, 1) + 1;
  if (now != state->kill_at) return 0;
  atomic_store(&state->killed, 1);
  snprintf(state->where, sizeof state->where, "%s %s", call, path);
  return 1;
}

static void passing(const char *call, int directory, const char *path) {
  int saved = errno;
  if (counts(directory, path) && point(call, path)) die();
  errno = saved;
}

static void passing_fd(const char *call, int fd) {
  int saved = errno;
  if (counts_fd(fd)) {
    char link[64], at[PATH_MAX];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, at, sizeof at - 1);
    at[length < 0 ? 0 : length] = 0;
    if (point(call, at)) die();
  }
  errno = saved;
}

#define REAL(name) static __typeof__(name) *real = NULL; \
  if (real == NULL) real = (__typeof__(name) *)dlsym(RTLD_NEXT, #name)

#define CHANGES (O_WRONLY | O_RDWR | O_CREAT | O_TRUNC)
/* Only making or emptying a file is a change; opening one for writing is not. */
#define MAKES(flags) (((flags) & (O_CREAT | O_TRUNC)) != 0)

#define OPEN(name) \
  int name(const char *path, int flags, ...) { \
    static int (*real)(const char *, int, ...) = NULL; \
    if (real == NULL) real = (int (*)(const char *, int, ...))dlsym(RTLD_NEXT, #name); \
    mode_t mode = 0; \
    if ((flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE) { \
      va_list more; va_start(more, flags); mode = va_arg(more, mode_t); va_end(more); \
    } \
    if (MAKES(flags)) passing("open", AT_FDCWD, path); \
    return real(path, flags, mode); \
  }
OPEN(open)
OPEN(open64)

#define OPENAT(name) \
  int name(int at, const char *path, int flags, ...) { \
    static int (*real)(int, const char *, int, ...) = NULL; \
    if (real == NULL) real = (int (*)(int, const char *, int, ...))dlsym(RTLD_NEXT, #name); \
    mode_t mode = 0; \
    if ((flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE) { \
      va_list more; va_start(more, flags); mode = va_arg(more, mode_t); va_end(more); \
    } \
    if (MAKES(flags)) passing("openat", at, path); \
    return real(at, path, flags, mode); \
  }
OPENAT(openat)
OPENAT(openat64)

int creat(const char *path, mode_t mode) {
  REAL(creat);
  passing("creat", AT_FDCWD, path);
  return real(path, mode);
}

static FILE *opened(FILE *(*real)(const char *, const char *), const char *path, const char *mode) {
  if (mode[0] != 'r') passing("fopen", AT_FDCWD, path);
  return real(path, mode);
}
FILE *fopen(const char *path, const char *mode) { REAL(fopen); return opened(real, path, mode); }
FILE *fopen64(const char *path, const char *mode) { REAL(fopen64); return opened(real, path, mode); }
int fclose(FILE *file) {
  REAL(fclose);
  int fd = fileno(file);
  if (fd >= 0 && (fcntl(fd, F_GETFL) & O_ACCMODE) != O_RDONLY) passing_fd("fclose", fd);
  return real(file);
}
int fflush(FILE *file) {
  REAL(fflush);
  if (file != NULL) {
    int fd = fileno(file);
    if (fd >= 0 && (fcntl(fd, F_GETFL) & O_ACCMODE) != O_RDONLY) passing_fd("fflush", fd);
  }
  return real(file);
}

ssize_t write(int fd, const void *bytes, size_t length) {
  REAL(write);
  if (counts_fd(fd)) {
    passing_fd("write", fd);
    if (length > 1 && point("half a write", "")) {
      if (real(fd, bytes, length / 2) >= 0) die();
      die();
    }
  }
  return real(fd, bytes, length);
}
#define PWRITE(name, offset_type) \
  ssize_t name(int fd, const void *bytes, size_t length, offset_type offset) { \
    REAL(name); \
    passing_fd("pwrite", fd); \
    return real(fd, bytes, length, offset); \
  }
PWRITE(pwrite, off_t)
PWRITE(pwrite64, off64_t)
ssize_t writev(int fd, const struct iovec *parts, int count) {
  REAL(writev);
  passing_fd("writev", fd);
  return real(fd, parts, count);
}
ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t offset) {
  REAL(pwritev);
  passing_fd("pwritev", fd);
  return real(fd, parts, count, offset);
}
ssize_t sendfile(int to, int from, off_t *offset, size_t count) {
  REAL(sendfile);
  passing_fd("sendfile", to);
  return real(to, from, offset, count);
}
ssize_t sendfile64(int to, int from, off64_t *offset, size_t count) {
  REAL(sendfile64);
  passing_fd("sendfile", to);
  return real(to, from, offset, count);
}
ssize_t copy_file_range(int from, off64_t *at, int to, off64_t *there, size_t length, unsigned flags) {
  REAL(copy_file_range);
  passing_fd("copy_file_range", to);
  return real(from, at, to, there, length, flags);
}
int rename(const char *from, const char *to) {
  REAL(rename);
  passing("rename", AT_FDCWD, from);
  return real(from, to);
}
int renameat(int a, const char *from, int b, const char *to) {
  REAL(renameat);
  passing("renameat", a, from);
  return real(a, from, b, to);
}
int renameat2(int a, const char *from, int b, const char *to, unsigned flags) {
  REAL(renameat2);
  passing("renameat2", a, from);
  return real(a, from, b, to, flags);
}
int unlink(const char *path) { REAL(unlink); passing("unlink", AT_FDCWD, path); return real(path); }
int unlinkat(int at, const char *path, int flags) {
  REAL(unlinkat);
  passing("unlinkat", at, path);
  return real(at, path, flags);
}
int remove(const char *path) { REAL(remove); passing("remove", AT_FDCWD, path); return real(path); }
int rmdir(const char *path) { REAL(rmdir); passing("rmdir", AT_FDCWD, path); return real(path); }
int mkdir(const char *path, mode_t mode) { REAL(mkdir); passing("mkdir", AT_FDCWD, path); return real(path, mode); }
int mkdirat(int at, const char *path, mode_t mode) {
  REAL(mkdirat);
  passing("mkdirat", at, path);
  return real(at, path, mode);
}
char *mkdtemp(char *path) { REAL(mkdtemp); passing("mkdtemp", AT_FDCWD, path); return real(path); }
int mkstemp(char *path) { REAL(mkstemp); passing("mkstemp", AT_FDCWD, path); return real(path); }
int mkstemp64(char *path) { REAL(mkstemp64); passing("mkstemp", AT_FDCWD, path); return real(path); }
int link(const char *from, const char *to) { REAL(link); passing("link", AT_FDCWD, to); return real(from, to); }
int linkat(int a, const char *from, int b, const char *to, int flags) {
  REAL(linkat);
  passing("linkat", b, to);
  return real(a, from, b, to, flags);
}
int symlink(const char *to, const char *path) { REAL(symlink); passing("symlink", AT_FDCWD, path); return real(to, path); }
int symlinkat(const char *to, int at, const char *path) {
  REAL(symlinkat);
  passing("symlinkat", at, path);
  return real(to, at, path);
}
int chmod(const char *path, mode_t mode) { REAL(chmod); passing("chmod", AT_FDCWD, path); return real(path, mode); }
int fchmod(int fd, mode_t mode) { REAL(fchmod); passing_fd("fchmod", fd); return real(fd, mode); }
int fchmodat(int at, const char *path, mode_t mode, int flags) {
  REAL(fchmodat);
  passing("fchmodat", at, path);
  return real(at, path, mode, flags);
}
int truncate(const char *path, off_t length) { REAL(truncate); passing("truncate", AT_FDCWD, path); return real(path, length); }
int ftruncate(int fd, off_t length) { REAL(ftruncate); passing_fd("ftruncate", fd); return real(fd, length); }
int ftruncate64(int fd, off64_t length) { REAL(ftruncate64); passing_fd("ftruncate", fd); return real(fd, length); }
int fsync(int fd) { REAL(fsync); passing_fd("fsync", fd); return real(fd); }
int fdatasync(int fd) { REAL(fdatasync); passing_fd("fdatasync", fd); return real(fd); }
int utime(const char *path, const struct utimbuf *times) { REAL(utime); passing("utime", AT_FDCWD, path); return real(path, times); }
int utimensat(int at, const char *path, const struct timespec times[2], int flags) {
  REAL(utimensat);
  passing("utimensat", at, path);
  return real(at, path, times, flags);
}
int futimens(int fd, const struct timespec times[2]) { REAL(futimens); passing_fd("futimens", fd); return real(fd, times); }
