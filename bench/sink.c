/*
 * A process that takes requests in on loopback and throws them away, faster than any client sends: the kernel drops the
 * bytes of bodies (MSG_TRUNC, tcp(7)) instead of copying them. It follows HTTP/1.1 (RFC 9112) for clients that keep to
 * it, and ends with 1 where one does not. Started by start_sink.ts, which compiles it.
 *
 * stdout: "port <N>" at first; then, for each line that comes in on stdin,
 *   "records"    one line "<bytes> <path>" for each request that came in whole since the last time, then "."
 *   "fragments"  one line "<request> <tfxd time> <tfxd duration> <first ns> <last ns>" for each fragment of requests
 *                whose path begins with "/watch/", and "=<request> <path>" before the first of a request, then "."
 * A POST is answered with the bytes of its body, a GET with the time in ns by the clock that stamps the fragments.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { LINE_MAX_BYTES = 16384, MOOF_MAX_BYTES = 1 << 20, READ_BYTES = 4096, READS_PER_TURN = 32 };

/* 6D1D9B05-42D5-44E6-80E2-141DAFF757B2: TfxdBox (MS-SSTR 2.2.4.4). */
static const unsigned char TFXD[16] = {0x6d, 0x1d, 0x9b, 0x05, 0x42, 0xd5, 0x44, 0xe6,
                                       0x80, 0xe2, 0x14, 0x1d, 0xaf, 0xf7, 0x57, 0xb2};

enum state { REQUEST_LINE, FIELD, CHUNK_SIZE, CHUNK_END, TRAILER };

struct request {
  char *path;
  uint64_t bytes;
  int told;
};

struct fragment {
  uint32_t request;
  uint64_t time, duration, first_ns, last_ns;
};

struct connection {
  int fd;
  enum state state;
  char line[LINE_MAX_BYTES];
  size_t line_bytes;
  int is_get, is_chunked, is_watched, wants_continue;
  uint64_t content_length;
  /* Bytes of the body before the next line. */
  uint64_t left;
  uint32_t request;
  /* The box under way: its header, what is still to come of it, and a moof as far as it is here. */
  unsigned char header[16];
  size_t header_bytes;
  uint64_t box_left;
  int is_moof, is_mdat;
  unsigned char *moof;
  size_t moof_bytes;
  struct fragment fragment;
};

static struct request *requests;
static uint32_t request_count, records_from;
static struct fragment *fragments;
static size_t fragment_count, fragment_room;

static void fail(const char *what) {
  fprintf(stderr, "sink: %s\n", what);
  exit(1);
}

static void *must(void *memory) {
  if (!memory) fail("no memory");
  return memory;
}

static uint64_t now_ns(void) {
  struct timespec at;
  clock_gettime(CLOCK_MONOTONIC, &at);
  return (uint64_t)at.tv_sec * 1000000000u + (uint64_t)at.tv_nsec;
}

static uint64_t big_endian(const unsigned char *at, int bytes) {
  uint64_t value = 0;
  while (bytes-- > 0) value = value << 8 | *at++;
  return value;
}

/* Times and duration of the fragment, from the tfxd box of its moof. */
static void read_tfxd(struct connection *it) {
  unsigned char *at = memmem(it->moof, it->moof_bytes, TFXD, sizeof TFXD);
  size_t left = at ? it->moof_bytes - (size_t)(at - it->moof) : 0;
  if (left < 28) {
    it->fragment.time = it->fragment.duration = 0;
    return;
  }
  int is_64 = at[16] == 1;
  if (is_64 && left < 36) fail("a tfxd box is cut off");
  it->fragment.time = big_endian(at + 20, is_64 ? 8 : 4);
  it->fragment.duration = big_endian(at + (is_64 ? 28 : 24), is_64 ? 8 : 4);
}

static void keep_fragment(struct connection *it) {
  if (fragment_count == fragment_room) {
    fragment_room = fragment_room ? fragment_room * 2 : 4096;
    fragments = must(realloc(fragments, fragment_room * sizeof *fragments));
  }
  it->fragment.request = it->request;
  it->fragment.last_ns = now_ns();
  fragments[fragment_count++] = it->fragment;
}

static void end_box(struct connection *it) {
  if (it->is_moof) read_tfxd(it);
  if (it->is_mdat) keep_fragment(it);
  it->header_bytes = 0;
  it->is_moof = it->is_mdat = 0;
}

static void begin_box(struct connection *it) {
  uint64_t size = big_endian(it->header, 4), header = 8;
  if (size == 1) {
    if (it->header_bytes < 16) return; /* its size has 64 bits */
    size = big_endian(it->header + 8, 8);
    header = 16;
  }
  if (size < header) fail("a box is shorter than its header");
  it->box_left = size - header;
  it->is_moof = memcmp(it->header + 4, "moof", 4) == 0;
  it->is_mdat = memcmp(it->header + 4, "mdat", 4) == 0;
  if (it->is_moof) {
    if (it->box_left > MOOF_MAX_BYTES) fail("a moof box is too large");
    it->moof = must(realloc(it->moof, it->box_left + 1));
    it->moof_bytes = 0;
    it->fragment.first_ns = now_ns();
  }
  it->header_bytes = 16; /* taken */
  if (it->box_left == 0) end_box(it);
}

/* Follows the boxes of a body that is watched; `bytes` is null for what the kernel has dropped. */
static void watch(struct connection *it, const unsigned char *bytes, size_t count) {
  while (count > 0) {
    if (it->box_left == 0) {
      it->header[it->header_bytes++] = *bytes++;
      count--;
      if (it->header_bytes == 8 || it->header_bytes == 16) begin_box(it);
      continue;
    }
    size_t part = count < it->box_left ? count : (size_t)it->box_left;
    if (it->is_moof) {
      memcpy(it->moof + it->moof_bytes, bytes, part);
      it->moof_bytes += part;
    }
    if (bytes) bytes += part;
    count -= part;
    it->box_left -= part;
    if (it->box_left == 0) end_box(it);
  }
}

static void answer(struct connection *it, const char *status, const char *body) {
  char text[256];
  int size = snprintf(text, sizeof text, "HTTP/1.1 %s\r\nContent-Length: %zu\r\n\r\n%s", status,
                      strlen(body), body);
  /* A client that goes away is none of the sink's business. */
  if (send(it->fd, text, (size_t)size, MSG_NOSIGNAL) < 0 && errno == EAGAIN) fail("an answer has no room");
}

static void end_request(struct connection *it) {
  char body[32];
  it->state = REQUEST_LINE;
  snprintf(body, sizeof body, "%llu",
           (unsigned long long)(it->is_get ? now_ns() : requests[it->request].bytes));
  if (!it->is_get) requests[it->request].told = 0;
  answer(it, "200 OK", body);
}

static void begin_request(struct connection *it) {
  char *path = strchr(it->line, ' ');
  char *end = path ? strchr(path + 1, ' ') : NULL;
  if (!end || strcmp(end, " HTTP/1.1") != 0) fail("this is no line of an HTTP/1.1 request");
  *end = 0;
  it->is_get = strncmp(it->line, "GET ", 4) == 0;
  it->is_watched = strncmp(path + 1, "/watch/", 7) == 0;
  it->is_chunked = it->wants_continue = 0;
  it->content_length = it->box_left = 0;
  it->header_bytes = 0;
  if ((request_count & (request_count + 1)) == 0) {
    requests = must(realloc(requests, ((size_t)request_count + 1) * 2 * sizeof *requests));
  }
  it->request = request_count++;
  /* -1: it is not whole yet. */
  requests[it->request] = (struct request){must(strdup(path + 1)), 0, -1};
  it->state = FIELD;
}

static void take_field(struct connection *it) {
  if (it->line_bytes > 0) {
    char *value = strchr(it->line, ':');
    if (!value) fail("this is no field of a head");
    *value++ = 0;
    value += strspn(value, " \t");
    if (!strcasecmp(it->line, "content-length")) it->content_length = strtoull(value, NULL, 10);
    if (!strcasecmp(it->line, "transfer-encoding")) it->is_chunked = !strcasecmp(value, "chunked");
    if (!strcasecmp(it->line, "expect")) it->wants_continue = 1;
    return;
  }
  if (it->wants_continue && send(it->fd, "HTTP/1.1 100 Continue\r\n\r\n", 25, MSG_NOSIGNAL) < 0) return;
  if (it->is_chunked) it->state = CHUNK_SIZE;
  else if (it->content_length == 0) end_request(it);
  else it->left = it->content_length;
}

static void take_line(struct connection *it) {
  char *end;
  switch (it->state) {
    case REQUEST_LINE: begin_request(it); return;
    case FIELD: take_field(it); return;
    case CHUNK_SIZE:
      it->left = strtoull(it->line, &end, 16);
      if (end == it->line || (*end && *end != ';')) fail("this is no size in the framing of a body");
      it->state = it->left == 0 ? TRAILER : CHUNK_END;
      return;
    case CHUNK_END:
      if (it->line_bytes > 0) fail("data in the framing of a body is longer than was said");
      it->state = CHUNK_SIZE;
      return;
    case TRAILER:
      if (it->line_bytes == 0) end_request(it);
  }
}

static void count_body(struct connection *it, const unsigned char *bytes, size_t count) {
  if (it->is_watched) watch(it, bytes, count);
  requests[it->request].bytes += count;
  it->left -= count;
  if (it->left == 0 && !it->is_chunked) end_request(it);
}

static void push(struct connection *it, const unsigned char *bytes, size_t count) {
  const unsigned char *end = bytes + count;
  while (bytes < end) {
    if (it->left > 0) {
      size_t part = it->left < (uint64_t)(end - bytes) ? (size_t)it->left : (size_t)(end - bytes);
      count_body(it, bytes, part);
      bytes += part;
      continue;
    }
    unsigned char byte = *bytes++;
    if (byte != '\n') {
      if (it->line_bytes == LINE_MAX_BYTES - 1) fail("a line is too long");
      it->line[it->line_bytes++] = (char)byte;
      continue;
    }
    if (it->line_bytes > 0 && it->line[it->line_bytes - 1] == '\r') it->line_bytes--;
    it->line[it->line_bytes] = 0;
    take_line(it);
    it->line_bytes = 0;
  }
}

/* How many of the next bytes nobody looks at. */
static uint64_t droppable(const struct connection *it) {
  if (!it->is_watched || it->left == 0) return it->left;
  if (it->is_moof || it->box_left == 0) return 0;
  return it->left < it->box_left ? it->left : it->box_left;
}

/* Returns 0 when the connection has ended. */
static int read_on(struct connection *it) {
  unsigned char buffer[READ_BYTES];
  for (int n = 0; n < READS_PER_TURN; n++) {
    uint64_t dropped = droppable(it);
    int is_dropped = dropped > READ_BYTES;
    ssize_t got = is_dropped
      ? recv(it->fd, NULL, dropped < (1u << 30) ? (size_t)dropped : 1u << 30, MSG_TRUNC)
      : recv(it->fd, buffer, sizeof buffer, 0);
    if (got == 0) return 0;
    if (got < 0) return errno == EAGAIN || errno == EINTR;
    if (is_dropped) count_body(it, NULL, (size_t)got);
    else push(it, buffer, (size_t)got);
  }
  return 1;
}

static void tell_records(void) {
  for (uint32_t n = records_from; n < request_count; n++) {
    if (requests[n].told != 0 || !requests[n].path) continue;
    printf("%llu %s\n", (unsigned long long)requests[n].bytes, requests[n].path);
    requests[n].told = 1;
  }
  while (records_from < request_count && requests[records_from].told == 1) records_from++;
  printf(".\n");
}

static void tell_fragments(void) {
  static uint32_t *named;
  static uint32_t room;
  if (room < request_count) {
    named = must(realloc(named, request_count * sizeof *named));
    memset(named + room, 0, (request_count - room) * sizeof *named);
    room = request_count;
  }
  for (size_t n = 0; n < fragment_count; n++) {
    struct fragment *it = &fragments[n];
    if (!named[it->request]) printf("=%u %s\n", it->request, requests[it->request].path);
    named[it->request] = 1;
    printf("%u %llu %llu %llu %llu\n", it->request, (unsigned long long)it->time,
           (unsigned long long)it->duration, (unsigned long long)it->first_ns,
           (unsigned long long)it->last_ns);
  }
  fragment_count = 0;
  printf(".\n");
}

static void take_command(void) {
  char text[256];
  ssize_t got = read(0, text, sizeof text - 1);
  if (got <= 0) exit(0);
  text[got] = 0;
  if (strncmp(text, "records", 7) == 0) tell_records();
  else if (strncmp(text, "fragments", 9) == 0) tell_fragments();
  else fail("this is no command");
  fflush(stdout);
}

static int listen_on_loopback(void) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t size = sizeof address;
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0 || bind(fd, (struct sockaddr *)&address, size) < 0 || listen(fd, 4096) < 0 ||
      getsockname(fd, (struct sockaddr *)&address, &size) < 0) {
    fail("cannot listen");
  }
  printf("port %u\n", ntohs(address.sin_port));
  fflush(stdout);
  return fd;
}

int main(void) {
  struct rlimit files;
  if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
  }
  signal(SIGPIPE, SIG_IGN);
  int listener = listen_on_loopback(), poll = epoll_create1(EPOLL_CLOEXEC), one = 1;
  struct connection commands = {.fd = 0}, accepting = {.fd = listener};
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = &commands}, events[256];
  epoll_ctl(poll, EPOLL_CTL_ADD, 0, &event);
  event.data.ptr = &accepting;
  epoll_ctl(poll, EPOLL_CTL_ADD, listener, &event);
  for (;;) {
    int count = epoll_wait(poll, events, 256, -1);
    for (int n = 0; n < count; n++) {
      struct connection *it = events[n].data.ptr;
      if (it == &commands) {
        take_command();
      } else if (it == &accepting) {
        int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0) continue;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        struct connection *added = must(calloc(1, sizeof *added));
        added->fd = fd;
        event.data.ptr = added;
        epoll_ctl(poll, EPOLL_CTL_ADD, fd, &event);
      } else if (!read_on(it)) {
        close(it->fd);
        free(it->moof);
        free(it);
      }
    }
  }
}
