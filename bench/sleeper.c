/* Sleeps until one time after the other, and prints how late each sleep ended, in milliseconds: what the machine itself
 * can do. sleeper <period in ms> <number of sleeps> */
#define _GNU_SOURCE
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define NS_PER_S 1000000000LL
#define NS_PER_MS 1000000LL

static int64_t now_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * NS_PER_S + now.tv_nsec;
}

static void sleep_until(int64_t ns) {
  struct timespec due = {.tv_sec = ns / NS_PER_S, .tv_nsec = ns % NS_PER_S};
  while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, NULL) == EINTR) {
  }
}

int main(int argc, char **argv) {
  if (argc != 3) return 2;
  int64_t period = atoll(argv[1]) * NS_PER_MS;
  int64_t count = atoll(argv[2]);
  int64_t start = now_ns();
  for (int64_t n = 1; n <= count; n++) {
    int64_t due = start + n * period;
    sleep_until(due);
    printf("%.6f\n", (double)(now_ns() - due) / NS_PER_MS);
  }
  return 0;
}
