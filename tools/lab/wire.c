/* A long wire for the lab: reads IP packets from a TUN device, and writes each back later, if at all, for
 * the kernel to route on.
 *
 * usage: wire DEVICE DELAY_MS LOSS_PER_MILLION KBIT_PER_S
 *
 * The delay is one way; 0 kbit/s means no limit. It prints "ready", and ends with its standard input. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

enum { SLOTS = 1 << 14, MTU = 2048, BATCH = 64 };

/* The longest queue of a slow wire, in milliseconds. */
static const double MAX_QUEUE = 400;

typedef struct {
  double due;
  int length;
  char data[MTU];
} packet;

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1e3 + t.tv_nsec / 1e6;
}

static int open_device(const char *name) {
  struct ifreq request;
  memset(&request, 0, sizeof request);
  request.ifr_flags = IFF_TUN | IFF_NO_PI;
  strncpy(request.ifr_name, name, IFNAMSIZ - 1);
  int device = open("/dev/net/tun", O_RDWR | O_NONBLOCK);
  if (device < 0 || ioctl(device, TUNSETIFF, &request) < 0) {
    perror("/dev/net/tun");
    exit(1);
  }
  return device;
}

int main(int argc, char **argv) {
  if (argc != 5) {
    fprintf(stderr, "usage: wire DEVICE DELAY_MS LOSS_PER_MILLION KBIT_PER_S\n");
    return 2;
  }
  int device = open_device(argv[1]);
  double delay = atof(argv[2]), bytes_per_ms = atof(argv[4]) / 8, free_at = 0;
  long loss = atol(argv[3]);
  packet *ring = calloc(SLOTS, sizeof *ring);
  unsigned head = 0, tail = 0;
  srandom(1); /* the same losses in each run */
  printf("ready\n");
  fflush(stdout);
  for (;;) {
    double at = now();
    for (; head != tail && ring[head % SLOTS].due <= at; head++)
      if (write(device, ring[head % SLOTS].data, ring[head % SLOTS].length) < 0) continue;
    double wait = head == tail ? 1000 : ring[head % SLOTS].due - now();
    if (wait < 0) wait = 0;
    struct timespec timeout = {(long)wait / 1000, (long)(wait * 1e6) % 1000000000};
    struct pollfd ready[2] = {{device, POLLIN, 0}, {0, POLLIN, 0}};
    if (ppoll(ready, 2, &timeout, 0) < 0) return 1;
    if (ready[1].revents) return 0;
    for (int i = 0; i < BATCH && tail - head < SLOTS; i++) {
      packet *next = &ring[tail % SLOTS];
      next->length = read(device, next->data, MTU);
      if (next->length <= 0) break;
      at = now();
      if (loss && random() % 1000000 < loss) continue;
      if (bytes_per_ms > 0) {
        if (free_at < at) free_at = at;
        if (free_at - at > MAX_QUEUE) continue;
        free_at += next->length / bytes_per_ms;
        at = free_at;
      }
      next->due = at + delay;
      tail++;
    }
  }
}
