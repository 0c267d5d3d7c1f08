/* Asterisk's side of many AudioSocket calls at once: one thread, one frame each 20 ms for each call.
 *
 * Reads call ids (UUIDs) from standard input, one a line, connects each to host:port, and talks:
 * 1.2 s of marked frames, 0.4 s of silence, in turns, each call with a phase of its own. A marked
 * frame carries its number in 20 bits of 8 samples each (16 of number, 4 of check), at levels that
 * mu-law keeps exactly; whoever sends it back is measured. The frame may come back shifted against
 * the frames of the connection, as a resampler shifts it.
 *
 *   audiosocket_load --port N [--host A] [--settle-ms N] [--measure-ms N] [--ramp-ms N] [--first N]
 *
 * With --first, N ids are read before it begins; each that comes later is connected at once, and
 * only the frames of the first N calls are measured.
 *
 * Prints "measuring" and "measured" as it does, then one JSON object: frames sent in the measured
 * time, how many came back and when (a histogram in tenths of a millisecond), the gaps between the
 * frames that came, and how late this program itself was.
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
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { MAX_CALLS = 4096, SAMPLES = 160, FRAME = 323, TALK = 60, CYCLE = 80, RING = 512, BINS = 20000 };
enum { LEVEL = 6140, STRONG = 2500, DRAIN_MS = 1000, IN = 8192 };

struct call {
    int fd, open, seq, shift;
    long long due, connect_at, last_arrival, arrival;
    long long sent_at[RING];
    unsigned char in_window[RING];
    int last_seq;
    int16_t tail[SAMPLES], now[SAMPLES];
    size_t in_len;
    unsigned char in[IN];
    unsigned char id[16];
};

static struct call *calls;
static int count, first = MAX_CALLS, epoll_fd;
static long long window_from, window_to;
static unsigned latency[BINS], gaps[BINS], lateness[BINS];
static unsigned long long sent, came_back, twice, frames_in, frames_out, ended, blocked;

static long long now_us(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000LL + t.tv_nsec / 1000;
}

static void note(unsigned *histogram, long long us) {
    long long bin = us / 100;
    histogram[bin < 0 ? 0 : bin >= BINS ? BINS - 1 : bin]++;
}

static int check_of(int seq) { return (seq ^ seq >> 4 ^ seq >> 8 ^ seq >> 12 ^ 5) & 15; }

static void make_frame(unsigned char *frame, int seq, int marked) {
    frame[0] = 0x10, frame[1] = 1, frame[2] = 0x40;
    memset(frame + 3, 0, 320);
    if (!marked) return;
    int code = (seq & 0xFFFF) << 4 | check_of(seq & 0xFFFF);
    for (int i = 0; i < SAMPLES; i++) {
        int value = code >> (19 - i / 8) & 1 ? LEVEL : -LEVEL;
        frame[3 + 2 * i] = (unsigned char)value, frame[4 + 2 * i] = (unsigned char)(value >> 8);
    }
}

/* The number that begins `shift` samples after the start of the frame before; -1 if there is none. */
static int number_at(const struct call *c, int shift) {
    int code = 0;
    for (int bit = 0; bit < 20; bit++) {
        int sum = 0;
        for (int i = 2; i < 6; i++) {
            int at = shift + bit * 8 + i;
            sum += at < SAMPLES ? c->tail[at] : c->now[at - SAMPLES];
        }
        if (sum > -4 * STRONG && sum < 4 * STRONG) return -1;
        code = code << 1 | (sum > 0);
    }
    return (code & 15) == check_of(code >> 4) ? code >> 4 : -1;
}

static int plausible(const struct call *c, int number) {
    int age = (c->seq - number) & 0xFFFF;
    return number >= 0 && age >= 1 && age < RING;
}

static void arrived(struct call *c, int number, long long began) {
    int slot = number % RING;
    if (!c->sent_at[slot]) {
        twice += c->last_seq == number;
        return;
    }
    c->last_seq = number;
    if (c->in_window[slot]) {
        came_back++;
        note(latency, began - c->sent_at[slot]);
    }
    c->sent_at[slot] = 0;
}

static void take_frame(struct call *c, const unsigned char *payload, long long now) {
    memcpy(c->tail, c->now, sizeof c->now);
    for (int i = 0; i < SAMPLES; i++) c->now[i] = (int16_t)(payload[2 * i] | payload[2 * i + 1] << 8);
    frames_in++;
    long long before = c->arrival;
    c->arrival = now;
    if (now >= window_from && now < window_to && before) note(gaps, now - before);
    /* shift 160: the frame that just came, whole */
    int number = number_at(c, c->shift);
    if (!plausible(c, number)) {
        for (int shift = SAMPLES; shift > 0; shift--) {
            number = number_at(c, shift);
            /* of neighbours that can be read take the middle one: its bits are the cleanest */
            if (!plausible(c, number)) continue;
            int last = shift;
            while (shift < SAMPLES && last > 1 && number_at(c, last - 1) == number) last--;
            c->shift = shift < SAMPLES ? (shift + last) / 2 : shift;
            break;
        }
        number = number_at(c, c->shift);
    }
    if (plausible(c, number))
        arrived(c, number, c->shift == SAMPLES ? now : before + c->shift * 125LL);
}

static void hung_up(struct call *c) {
    if (c->open) ended++;
    c->open = 0;
    close(c->fd);
}

static void readable(struct call *c) {
    ssize_t n = recv(c->fd, c->in + c->in_len, IN - c->in_len, 0);
    if (n <= 0) {
        if (n == 0 || errno != EAGAIN) hung_up(c);
        return;
    }
    long long now = now_us();
    c->in_len += (size_t)n;
    size_t at = 0;
    while (c->in_len - at >= 3) {
        size_t length = (size_t)c->in[at + 1] << 8 | c->in[at + 2];
        if (c->in[at] == 0) {
            hung_up(c);
            return;
        }
        if (c->in[at] != 0x10 || length != 320) {
            fprintf(stderr, "a frame of kind %d with %zu bytes\n", c->in[at], length);
            hung_up(c);
            return;
        }
        if (c->in_len - at < FRAME) break;
        take_frame(c, c->in + at + 3, now);
        at += FRAME;
    }
    memmove(c->in, c->in + at, c->in_len - at);
    c->in_len -= at;
}

static void send_frame(struct call *c, long long now) {
    unsigned char frame[FRAME];
    int marked = c->seq % CYCLE < TALK, slot = c->seq % RING;
    int in_window = now >= window_from && now < window_to && c - calls < first;
    make_frame(frame, c->seq, marked);
    if (send(c->fd, frame, FRAME, MSG_NOSIGNAL) != FRAME) {
        blocked++; /* the peer does not read; Asterisk would end the call */
        marked = 0;
    }
    frames_out++;
    if (in_window) note(lateness, now - c->due);
    c->sent_at[slot] = marked ? now : 0;
    c->in_window[slot] = (unsigned char)in_window;
    if (marked && in_window) sent++;
    c->seq = (c->seq + 1) & 0xFFFF;
    c->due += 20000;
}

static void connect_call(struct call *c, const struct sockaddr_in *address, long long now) {
    int one = 1;
    unsigned char first[19] = {1, 0, 16};
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connect(c->fd, (const struct sockaddr *)address, sizeof *address)) {
        perror("connect");
        exit(1);
    }
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    memcpy(first + 3, c->id, 16);
    if (send(c->fd, first, sizeof first, MSG_NOSIGNAL) != sizeof first) exit(1);
    struct epoll_event e = {.events = EPOLLIN, .data.ptr = c};
    epoll_ctl(epoll_fd, EPOLL_CTL_ADD, c->fd, &e);
    c->open = 1, c->shift = SAMPLES, c->last_seq = -1;
    c->due = now;
}

static void read_ids(int most) {
    char line[128];
    while (count < most && fgets(line, sizeof line, stdin)) {
        int nibbles = 0;
        for (char *p = line; *p && nibbles < 32; p++) {
            int v = *p >= '0' && *p <= '9' ? *p - '0' : *p >= 'a' && *p <= 'f' ? *p - 'a' + 10 : -1;
            if (v < 0) continue;
            calls[count].id[nibbles / 2] |= (unsigned char)(v << (nibbles % 2 ? 0 : 4));
            nibbles++;
        }
        if (nibbles == 32) count++;
    }
}

static void print_histogram(const char *name, const unsigned *histogram) {
    const char *comma = "";
    printf(", \"%s\": {", name);
    for (int i = 0; i < BINS; i++)
        if (histogram[i]) {
            printf("%s\"%d\": %u", comma, i, histogram[i]);
            comma = ", ";
        }
    printf("}");
}

static void report(void) {
    struct rusage used;
    getrusage(RUSAGE_SELF, &used);
    printf("{\"calls\": %d, \"ended\": %llu, \"sent\": %llu, \"came_back\": %llu, \"repeated\": %llu, "
           "\"blocked\": %llu, \"frames_in\": %llu, \"frames_out\": %llu, \"cpu_seconds\": %.3f",
           count, ended, sent, came_back, twice, blocked, frames_in, frames_out,
           (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
               (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6);
    print_histogram("latency", latency);
    print_histogram("gaps", gaps);
    print_histogram("lateness", lateness);
    printf("}\n");
    fflush(stdout);
}

int main(int argc, char **argv) {
    struct sockaddr_in address = {.sin_family = AF_INET};
    long long settle = 5000, measure = 10000, ramp = 1000;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    for (int i = 1; i + 1 < argc; i += 2) {
        if (!strcmp(argv[i], "--port")) address.sin_port = htons((uint16_t)atoi(argv[i + 1]));
        else if (!strcmp(argv[i], "--host")) inet_pton(AF_INET, argv[i + 1], &address.sin_addr);
        else if (!strcmp(argv[i], "--settle-ms")) settle = atoll(argv[i + 1]);
        else if (!strcmp(argv[i], "--measure-ms")) measure = atoll(argv[i + 1]);
        else if (!strcmp(argv[i], "--ramp-ms")) ramp = atoll(argv[i + 1]);
        else if (!strcmp(argv[i], "--first")) first = atoi(argv[i + 1]);
        else return fprintf(stderr, "unknown option %s\n", argv[i]), 2;
    }
    struct rlimit files = {MAX_CALLS + 64, MAX_CALLS + 64};
    setrlimit(RLIMIT_NOFILE, &files);
    signal(SIGPIPE, SIG_IGN);
    prctl(PR_SET_TIMERSLACK, 1000);
    calls = calloc(MAX_CALLS, sizeof *calls);
    setvbuf(stdin, NULL, _IONBF, 0);
    read_ids(first);
    int later = first < MAX_CALLS;
    if (later) fcntl(0, F_SETFL, fcntl(0, F_GETFL) | O_NONBLOCK);
    epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    long long start = now_us();
    for (int i = 0; i < count; i++) /* spread over the ramp, with phases spread over 20 ms */
        calls[i].connect_at = start + ramp * 1000 / (count > 1 ? count : 1) * i / 20000 * 20000 +
                              (long long)(20000.0 * (0.6180339887 * i - (long long)(0.6180339887 * i)));
    window_from = start + (ramp + settle) * 1000;
    window_to = window_from + measure * 1000;
    struct epoll_event ready[4096];
    int told = 0;
    for (;;) {
        long long now = now_us();
        if (told == 0 && now >= window_from) told = 1, puts("measuring"), fflush(stdout);
        if (told == 1 && now >= window_to) told = 2, puts("measured"), fflush(stdout);
        if (now >= window_to + DRAIN_MS * 1000) break;
        if (later) { /* whoever writes does so in whole lines */
            read_ids(MAX_CALLS);
            clearerr(stdin);
        }
        for (int i = 0; i < count; i++) {
            struct call *c = &calls[i];
            if (!c->open && !c->fd && now >= c->connect_at) connect_call(c, &address, now);
            if (c->open && now >= c->due) send_frame(c, now);
        }
        /* look once in half a millisecond: a wake-up for each frame would cost more than the frame */
        struct timespec pause = {0, 500000};
        clock_nanosleep(CLOCK_MONOTONIC, 0, &pause, NULL);
        int n = epoll_wait(epoll_fd, ready, 4096, 0);
        for (int i = 0; i < n; i++) readable(ready[i].data.ptr);
    }
    report();
    return 0;
}
