/* Notes when each RTP packet reached a range of UDP ports on loopback, at next to no cost.
 *
 *   rtp_watch FIRST_PORT LAST_PORT FILE
 *
 * A packet socket with a kernel filter and a ring in shared memory (TPACKET_V3): the kernel stamps
 * and copies the first 40 bytes, this program wakes a few times a second. Prints "ready"; at SIGTERM
 * it writes a record for each packet (struct record, native byte order) and one JSON line of totals.
 * Needs CAP_NET_RAW. Sources: packet(7), Documentation/networking/packet_mmap.rst, RFC 3550.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BLOCK = 1 << 20, BLOCKS = 16, KEPT = 40, IP_UDP = 28, WAKE_MS = 200 };

struct record {
    uint64_t nanoseconds;
    uint32_t ssrc;
    uint16_t sequence;
    uint16_t port;
};

static volatile sig_atomic_t stopping;
static struct record *records;
static size_t count, room;

static void stop(int signal_number) {
    (void)signal_number;
    stopping = 1;
}

static int open_ring(uint16_t first, uint16_t last, unsigned char **ring) {
    /* Incoming, UDP, no IP options (Asterisk sends none), even port within the range. */
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_B | BPF_ABS, SKF_AD_OFF + SKF_AD_PKTTYPE),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PACKET_OUTGOING, 7, 0),
        BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 9),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_UDP, 0, 5),
        BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 22),
        BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, first, 0, 3),
        BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, last, 2, 0),
        BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, 1, 1, 0),
        BPF_STMT(BPF_RET | BPF_K, KEPT),
        BPF_STMT(BPF_RET | BPF_K, 0),
    };
    struct sock_fprog filter = {sizeof code / sizeof *code, code};
    struct tpacket_req3 request = {
        .tp_block_size = BLOCK, .tp_block_nr = BLOCKS, .tp_frame_size = 2048,
        .tp_frame_nr = BLOCK / 2048 * BLOCKS, .tp_retire_blk_tov = WAKE_MS};
    struct sockaddr_ll where = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_IP)};
    int version = TPACKET_V3, fd = socket(AF_PACKET, SOCK_DGRAM, 0);
    where.sll_ifindex = (int)if_nametoindex("lo");
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof filter) ||
        setsockopt(fd, SOL_PACKET, PACKET_VERSION, &version, sizeof version) ||
        setsockopt(fd, SOL_PACKET, PACKET_RX_RING, &request, sizeof request))
        return -1;
    *ring = mmap(NULL, (size_t)BLOCK * BLOCKS, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (*ring == MAP_FAILED || bind(fd, (struct sockaddr *)&where, sizeof where)) return -1;
    return fd;
}

static void keep(const struct tpacket3_hdr *packet) {
    const unsigned char *ip = (const unsigned char *)packet + packet->tp_net, *rtp = ip + IP_UDP;
    if (packet->tp_snaplen < KEPT || (ip[0] & 15) != 5) return;
    if (rtp[0] >> 6 != 2 || (rtp[1] & 127) != 0) return; /* RTP version 2, mu-law */
    if (count == room) {
        room = room ? room * 2 : 1 << 16;
        records = realloc(records, room * sizeof *records);
        if (!records) exit(1);
    }
    struct record *one = &records[count++];
    uint32_t ssrc;
    uint16_t sequence, port;
    memcpy(&sequence, rtp + 2, 2), memcpy(&ssrc, rtp + 8, 4), memcpy(&port, ip + 22, 2);
    one->nanoseconds = packet->tp_sec * 1000000000ULL + packet->tp_nsec;
    one->ssrc = ntohl(ssrc), one->sequence = ntohs(sequence), one->port = ntohs(port);
}

static void empty(struct tpacket_block_desc *block) {
    struct tpacket3_hdr *packet =
        (struct tpacket3_hdr *)((char *)block + block->hdr.bh1.offset_to_first_pkt);
    for (uint32_t i = 0; i < block->hdr.bh1.num_pkts; i++) {
        keep(packet);
        packet = (struct tpacket3_hdr *)((char *)packet + packet->tp_next_offset);
    }
}

int main(int argc, char **argv) {
    unsigned char *ring;
    if (argc != 4) return fprintf(stderr, "rtp_watch FIRST_PORT LAST_PORT FILE\n"), 2;
    int fd = open_ring((uint16_t)atoi(argv[1]), (uint16_t)atoi(argv[2]), &ring);
    if (fd < 0) return perror("rtp_watch"), 1;
    struct sigaction action = {.sa_handler = stop};
    sigaction(SIGTERM, &action, NULL);
    puts("ready");
    fflush(stdout);
    for (unsigned at = 0, last = 0; !last;) {
        last = stopping; /* One more round for what came until now. */
        struct pollfd ready = {.fd = fd, .events = POLLIN};
        poll(&ready, 1, 2 * WAKE_MS);
        for (;; at = (at + 1) % BLOCKS) {
            struct tpacket_block_desc *block = (void *)(ring + (size_t)at * BLOCK);
            if (!(__atomic_load_n(&block->hdr.bh1.block_status, __ATOMIC_ACQUIRE) & TP_STATUS_USER))
                break;
            empty(block);
            __atomic_store_n(&block->hdr.bh1.block_status, TP_STATUS_KERNEL, __ATOMIC_RELEASE);
        }
    }
    struct tpacket_stats_v3 seen = {0};
    socklen_t size = sizeof seen;
    getsockopt(fd, SOL_PACKET, PACKET_STATISTICS, &seen, &size);
    FILE *out = fopen(argv[3], "wb");
    if (!out || fwrite(records, sizeof *records, count, out) != count || fclose(out)) return 1;
    struct rusage used;
    getrusage(RUSAGE_SELF, &used);
    printf("{\"packets\": %zu, \"dropped\": %u, \"cpu_seconds\": %.3f}\n", count, seen.tp_drops,
           used.ru_utime.tv_sec + used.ru_stime.tv_sec +
               (used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6);
    return 0;
}
