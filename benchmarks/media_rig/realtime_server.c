/* A Realtime server for load: one thread, epoll, thousands of sessions, a few microseconds each.
 *
 * WebSocket (RFC 6455, server side, text frames, no compression) with the events of OpenAI
 * Realtime (GA). Two modes:
 *
 *   echo   once the client lets it answer by itself (create_response true), every
 *          input_audio_buffer.append comes back at once as response.output_audio.delta;
 *          a response lasts 10 s, with transcript of both sides, then the next begins.
 *   speak  a few seconds of speech, then it listens, in turns: speech_started, speech_stopped,
 *          the callee's transcript, an answer that is sent eight times faster than real time.
 *
 * In both modes response.create is answered by a short sentence (its metadata comes back), and the
 * callee is taken to have said hello 300 ms after the first append.
 *
 *   realtime_server [--port N] [--mode echo|speak] [--speak-ms N] [--listen-ms N] [--say-ms N]
 *
 * Prints "port N" and ends on SIGTERM with one JSON line of what it did.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <math.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdarg.h>
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

enum { MAX_IN = 1 << 20, MAX_OUT = 8 << 20, MAX_FDS = 8192, TICK_MS = 10, RESPONSE_MS = 10000 };
enum { HELLO_AFTER_MS = 300, WORDS_EVERY_MS = 300, DELTA_MS = 360, FASTER = 8 };

struct session {
    int fd, upgraded, pcm, automatic, greeted, dead, waiting, last_sample;
    char *in, *out;
    size_t in_len, in_cap, out_len, out_cap;
    long long appended_ms, first_append_at, active_since, words_at, next_delta_at, idle_since;
    int responding; /* a response is being made */
    int scripted;   /* of it: a sentence that was asked for, or a turn in speak mode */
    int left_ms;    /* of a scripted one: speech still to be sent */
    long long sent_ms, playing_until;
    char response_id[40], item_id[40], tag[128];
    unsigned number;
};

static struct session *sessions[MAX_FDS];
static int epoll_fd, echo_mode = 1, speak_ms = 4000, listen_ms = 4000, say_ms = 600;
static unsigned counter;
static unsigned long long appends, deltas, connects;
static volatile sig_atomic_t stopping;
static char speech[4][8000 * DELTA_MS / 1000 * 2 + 8]; /* base64 of four different pieces, mu-law */
static char speech_pcm[48 * DELTA_MS * 2];

static long long now_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000LL + t.tv_nsec / 1000000;
}

/* --- SHA-1 and base64, as the handshake needs them --- */

static uint32_t rol(uint32_t x, int n) { return x << n | x >> (32 - n); }

static void sha1(const unsigned char *text, size_t len, unsigned char out[20]) {
    uint32_t h[5] = {0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476, 0xC3D2E1F0}, w[80];
    unsigned char block[256] = {0};
    size_t total = (len + 9 + 63) / 64 * 64;
    memcpy(block, text, len);
    block[len] = 0x80;
    for (int i = 0; i < 8; i++) block[total - 1 - i] = (unsigned char)((uint64_t)len * 8 >> (8 * i));
    for (size_t at = 0; at < total; at += 64) {
        for (int i = 0; i < 16; i++)
            w[i] = (uint32_t)block[at + 4 * i] << 24 | block[at + 4 * i + 1] << 16 |
                   block[at + 4 * i + 2] << 8 | block[at + 4 * i + 3];
        for (int i = 16; i < 80; i++) w[i] = rol(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
        uint32_t a = h[0], b = h[1], c = h[2], d = h[3], e = h[4];
        for (int i = 0; i < 80; i++) {
            uint32_t f, k;
            if (i < 20) f = (b & c) | (~b & d), k = 0x5A827999;
            else if (i < 40) f = b ^ c ^ d, k = 0x6ED9EBA1;
            else if (i < 60) f = (b & c) | (b & d) | (c & d), k = 0x8F1BBCDC;
            else f = b ^ c ^ d, k = 0xCA62C1D6;
            uint32_t t = rol(a, 5) + f + e + k + w[i];
            e = d, d = c, c = rol(b, 30), b = a, a = t;
        }
        h[0] += a, h[1] += b, h[2] += c, h[3] += d, h[4] += e;
    }
    for (int i = 0; i < 20; i++) out[i] = (unsigned char)(h[i / 4] >> (24 - 8 * (i % 4)));
}

static size_t base64(const unsigned char *in, size_t len, char *out) {
    static const char set[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    char *start = out;
    for (size_t i = 0; i < len; i += 3) {
        uint32_t v = in[i] << 16 | (i + 1 < len ? in[i + 1] << 8 : 0) | (i + 2 < len ? in[i + 2] : 0);
        *out++ = set[v >> 18], *out++ = set[v >> 12 & 63];
        *out++ = i + 1 < len ? set[v >> 6 & 63] : '=';
        *out++ = i + 2 < len ? set[v & 63] : '=';
    }
    *out = 0;
    return (size_t)(out - start);
}

/* --- speech: a buzz of 120 Hz through three formants that move, in syllables --- */

static unsigned char mulaw(int s) {
    int sign = s < 0 ? 0x80 : 0, e = 7;
    s = s < 0 ? -s : s;
    if (s > 32635) s = 32635;
    s += 132;
    for (int mask = 0x4000; e > 0 && !(s & mask); mask >>= 1) e--;
    return (unsigned char)~(sign | e << 4 | (s >> (e + 3) & 15));
}

static void make_speech(void) {
    enum { RATE = 24000, PIECE = RATE * DELTA_MS / 1000 };
    static int16_t wide[PIECE];
    static unsigned char narrow[PIECE / 3];
    for (int piece = 0; piece < 4; piece++) {
        static const double formants[4][3] = {
            {700, 1200, 2500}, {400, 2000, 2800}, {350, 800, 2300}, {550, 1700, 2500}};
        double y1[3] = {0}, y2[3] = {0};
        for (int i = 0; i < PIECE; i++) {
            double t = (double)i / RATE, sum = 0, pulse = i % (RATE / 120) == 0 ? 1.0 : 0.0;
            double loud = 0.5 - 0.5 * cos(2 * M_PI * 5 * t);
            for (int f = 0; f < 3; f++) {
                double r = exp(-M_PI * 90 / RATE), c = 2 * r * cos(2 * M_PI * formants[piece][f] / RATE);
                double y = pulse + c * y1[f] - r * r * y2[f];
                y2[f] = y1[f], y1[f] = y, sum += y / (f + 1);
            }
            wide[i] = (int16_t)(sum * loud * 1500);
            if (i % 3 == 0) narrow[i / 3] = mulaw(wide[i]);
        }
        base64(narrow, sizeof narrow, speech[piece]);
    }
    base64((unsigned char *)wide, sizeof wide, speech_pcm);
}

/* --- writing --- */

static void close_session(struct session *s) { s->dead = 1; }

static void flush(struct session *s) {
    size_t at = 0;
    while (at < s->out_len) {
        ssize_t n = send(s->fd, s->out + at, s->out_len - at, MSG_NOSIGNAL);
        if (n < 0) {
            if (errno != EAGAIN) close_session(s);
            break;
        }
        at += (size_t)n;
    }
    memmove(s->out, s->out + at, s->out_len - at);
    s->out_len -= at;
    if (s->waiting == (s->out_len > 0)) return;
    s->waiting = !s->waiting;
    struct epoll_event e = {.events = EPOLLIN | (s->waiting ? EPOLLOUT : 0), .data.ptr = s};
    epoll_ctl(epoll_fd, EPOLL_CTL_MOD, s->fd, &e);
}

static char *room(struct session *s, size_t more) {
    if (s->out_len + more > s->out_cap) {
        if (s->out_len + more > MAX_OUT) {
            close_session(s);
            s->out_len = 0;
        }
        s->out_cap = (s->out_len + more) * 2;
        s->out = realloc(s->out, s->out_cap);
    }
    return s->out + s->out_len;
}

static void put_frame(struct session *s, int opcode, const char *text, size_t len) {
    unsigned char *p = (unsigned char *)room(s, len + 10);
    size_t head = 2;
    p[0] = (unsigned char)(0x80 | opcode);
    if (len < 126) p[1] = (unsigned char)len;
    else if (len < 65536) p[1] = 126, p[2] = (unsigned char)(len >> 8), p[3] = (unsigned char)len, head = 4;
    else {
        p[1] = 127;
        for (int i = 0; i < 8; i++) p[2 + i] = (unsigned char)((uint64_t)len >> (56 - 8 * i));
        head = 10;
    }
    memcpy(p + head, text, len);
    s->out_len += head + len;
}

static void event(struct session *s, const char *form, ...) {
    static char text[65536];
    int n = snprintf(text, sizeof text, "{\"event_id\":\"event_%u\",", ++counter);
    va_list args;
    va_start(args, form);
    n += vsnprintf(text + n, sizeof text - (size_t)n, form, args);
    va_end(args);
    put_frame(s, 1, text, (size_t)n);
}

static void audio_delta(struct session *s, const char *data, size_t len) {
    static char text[MAX_IN];
    int n = snprintf(text, 400,
                     "{\"type\":\"response.output_audio.delta\",\"event_id\":\"event_%u\","
                     "\"response_id\":\"%s\",\"item_id\":\"%s\",\"output_index\":0,"
                     "\"content_index\":0,\"delta\":\"",
                     ++counter, s->response_id, s->item_id);
    memcpy(text + n, data, len);
    memcpy(text + n + len, "\"}", 2);
    put_frame(s, 1, text, (size_t)n + len + 2);
    deltas++;
}

/* --- what a session does --- */

/* event() begins the object; this closes it */
#define END "}"
#define IDS "\"response_id\":\"%s\",\"item_id\":\"%s\",\"output_index\":0,\"content_index\":0"

static void session_event(struct session *s, const char *type) {
    const char *form = s->pcm ? "{\"type\":\"audio/pcm\",\"rate\":24000}" : "{\"type\":\"audio/pcmu\"}";
    event(s,
          "\"type\":\"%s\",\"session\":{\"type\":\"realtime\",\"object\":\"realtime.session\","
          "\"id\":\"sess_%u\",\"model\":\"gpt-realtime-2.1\",\"expires_at\":%ld,"
          "\"output_modalities\":[\"audio\"],\"instructions\":\"\",\"tools\":[],\"audio\":{\"input\":"
          "{\"format\":%s},\"output\":{\"format\":%s,\"voice\":\"marin\"}}}" END,
          type, s->number, (long)time(NULL) + 3600, "{\"type\":\"audio/pcmu\"}", form);
}

static void begin_response(struct session *s, int speech_ms) {
    s->responding = 1, s->scripted = speech_ms > 0, s->left_ms = speech_ms;
    s->active_since = s->words_at = s->next_delta_at = now_ms();
    s->sent_ms = 0;
    snprintf(s->response_id, sizeof s->response_id, "resp_%u", ++counter);
    snprintf(s->item_id, sizeof s->item_id, "item_%u", ++counter);
    event(s,
          "\"type\":\"response.created\",\"response\":{\"id\":\"%s\",\"object\":\"realtime.response\","
          "\"status\":\"in_progress\",\"output\":[],\"metadata\":%s%s%s}" END,
          s->response_id, s->tag[0] ? "{\"tag\":\"" : "null", s->tag, s->tag[0] ? "\"}" : "");
    event(s,
          "\"type\":\"response.output_item.added\",\"response_id\":\"%s\",\"output_index\":0,\"item\":"
          "{\"id\":\"%s\",\"type\":\"message\",\"role\":\"assistant\",\"status\":\"in_progress\","
          "\"content\":[]}" END, s->response_id, s->item_id);
    event(s, "\"type\":\"response.content_part.added\"," IDS ",\"part\":{\"type\":\"audio\"}" END,
          s->response_id, s->item_id);
}

static void end_response(struct session *s, const char *status) {
    event(s, "\"type\":\"response.output_audio.done\"," IDS END, s->response_id, s->item_id);
    event(s,
          "\"type\":\"response.output_audio_transcript.done\"," IDS
          ",\"transcript\":\"This is what was said in answer number %u.\"" END,
          s->response_id, s->item_id, counter);
    event(s,
          "\"type\":\"response.output_item.done\",\"response_id\":\"%s\",\"output_index\":0,\"item\":"
          "{\"id\":\"%s\",\"type\":\"message\",\"role\":\"assistant\",\"status\":\"completed\","
          "\"content\":[]}" END, s->response_id, s->item_id);
    event(s,
          "\"type\":\"response.done\",\"response\":{\"id\":\"%s\",\"object\":\"realtime.response\","
          "\"status\":\"%s\",\"output\":[],\"metadata\":%s%s%s,\"usage\":{\"total_tokens\":300,"
          "\"input_tokens\":200,\"output_tokens\":100,\"input_token_details\":{\"text_tokens\":100,"
          "\"audio_tokens\":100,\"cached_tokens\":0},\"output_token_details\":{\"text_tokens\":20,"
          "\"audio_tokens\":80}}}" END,
          s->response_id, status, s->tag[0] ? "{\"tag\":\"" : "null", s->tag, s->tag[0] ? "\"}" : "");
    s->responding = 0;
    s->tag[0] = 0;
    s->idle_since = now_ms();
    if (s->scripted) {
        s->playing_until = s->active_since + s->sent_ms;
        if (s->playing_until < s->idle_since) s->playing_until = s->idle_since;
    }
}

static void callee_spoke(struct session *s, int with_turn) {
    unsigned item = ++counter;
    if (with_turn) {
        long long from = s->appended_ms > 1000 ? s->appended_ms - 1000 : 0;
        event(s, "\"type\":\"input_audio_buffer.speech_started\",\"audio_start_ms\":%lld,"
                 "\"item_id\":\"item_%u\"" END, from, item);
        event(s, "\"type\":\"input_audio_buffer.speech_stopped\",\"audio_end_ms\":%lld,"
                 "\"item_id\":\"item_%u\"" END, s->appended_ms, item);
        event(s, "\"type\":\"input_audio_buffer.committed\",\"item_id\":\"item_%u\","
                 "\"previous_item_id\":null" END, item);
    }
    event(s, "\"type\":\"conversation.item.added\",\"previous_item_id\":null,\"item\":{\"id\":"
             "\"item_%u\",\"type\":\"message\",\"role\":\"user\",\"status\":\"completed\",\"content\":"
             "[{\"type\":\"input_audio\",\"transcript\":null}]}" END, item);
    event(s, "\"type\":\"conversation.item.input_audio_transcription.completed\",\"item_id\":"
             "\"item_%u\",\"content_index\":0,\"transcript\":\"This is what the callee said at %lld ms.\","
             "\"usage\":{\"type\":\"duration\",\"seconds\":1.0}" END, item, s->appended_ms);
}

static void send_speech(struct session *s, long long now) {
    if (!s->left_ms) {
        end_response(s, "completed");
        return;
    }
    if (now < s->next_delta_at) return;
    s->next_delta_at = now + DELTA_MS / FASTER;
    int ms = s->left_ms < DELTA_MS ? s->left_ms : DELTA_MS;
    const char *data = s->pcm ? speech_pcm : speech[s->sent_ms / DELTA_MS % 4];
    ms = ms < 60 ? 60 : ms - ms % 60; /* so that the piece is whole in base64 and in frames */
    audio_delta(s, data, (size_t)(s->pcm ? ms * 64 : ms * 32 / 3));
    s->sent_ms += ms, s->left_ms = s->left_ms > ms ? s->left_ms - ms : 0;
    event(s, "\"type\":\"response.output_audio_transcript.delta\"," IDS ",\"delta\":\" some more words\"" END,
          s->response_id, s->item_id);
}

static void pass_time(struct session *s, long long now) {
    if (!s->first_append_at || s->dead) return;
    if (!s->greeted && now - s->first_append_at >= HELLO_AFTER_MS) {
        s->greeted = 1;
        callee_spoke(s, 1);
    }
    if (s->responding && s->scripted) {
        send_speech(s, now);
    } else if (echo_mode && s->responding) {
        if (now - s->words_at >= WORDS_EVERY_MS) {
            s->words_at = now;
            event(s, "\"type\":\"response.output_audio_transcript.delta\"," IDS ",\"delta\":\" one more\"" END,
                  s->response_id, s->item_id);
        }
        if (now - s->active_since >= RESPONSE_MS) {
            end_response(s, "completed");
            callee_spoke(s, 0);
            begin_response(s, 0);
        }
    } else if (!echo_mode && s->automatic && s->greeted) {
        long long since = s->playing_until > s->idle_since ? s->playing_until : s->idle_since;
        if (now - since >= listen_ms) {
            callee_spoke(s, 1);
            begin_response(s, speak_ms);
        }
    }
    if (s->out_len) flush(s);
}

/* --- reading --- */

/* The value of the first string member of that name, wherever it is; NULL if there is none. */
static const char *member(const char *text, size_t len, const char *name, size_t *value_len) {
    char key[64];
    size_t key_len = (size_t)snprintf(key, sizeof key, "\"%s\"", name);
    const char *end = text + len, *p = memmem(text, len, key, key_len);
    if (!p) return NULL;
    p += key_len;
    while (p < end && (*p == ' ' || *p == ':')) p++;
    if (p >= end || *p != '"') return NULL;
    p++;
    const char *stop = memchr(p, '"', (size_t)(end - p));
    if (!stop) return NULL;
    *value_len = (size_t)(stop - p);
    return p;
}

static int is(const char *value, size_t len, const char *word) {
    return strlen(word) == len && memcmp(value, word, len) == 0;
}

/* mu-law in base64 to 24 kHz linear in base64: two samples between two, on a straight line */
static size_t widen(struct session *s, const char *in, size_t len, char *out) {
    static unsigned char wide[6 * 3200];
    static int8_t value_of[256];
    static int16_t linear[256];
    if (!value_of['B']) {
        for (int i = 0; i < 64; i++)
            value_of[(int)"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"[i]] = (int8_t)i;
        for (int i = 0; i < 256; i++) {
            int code = ~i & 255, size = ((((code & 15) << 3) + 132) << (code >> 4 & 7)) - 132;
            linear[i] = (int16_t)(code & 128 ? -size : size);
        }
    }
    size_t n = 0, bytes = len / 4 * 3 - (len && in[len - 1] == '=') - (len > 1 && in[len - 2] == '=');
    for (size_t i = 0; i + 3 < len && n < bytes; i += 4) {
        unsigned v = 0;
        for (int k = 0; k < 4; k++) v = v << 6 | (unsigned)value_of[(unsigned char)in[i + k]];
        for (int k = 16; k >= 0 && n < bytes && n < 3200; k -= 8, n++) {
            int next = linear[v >> k & 255];
            for (int step = 1; step <= 3; step++) {
                int sample = s->last_sample + (next - s->last_sample) * step / 3;
                wide[6 * n + 2 * (step - 1)] = (unsigned char)sample;
                wide[6 * n + 2 * (step - 1) + 1] = (unsigned char)(sample >> 8);
            }
            s->last_sample = next;
        }
        if (n >= 3200) break;
    }
    return base64(wide, 6 * n, out);
}

static void append(struct session *s, const char *text, size_t len) {
    size_t audio_len;
    const char *audio = member(text, len, "audio", &audio_len);
    if (!audio) return;
    appends++;
    s->appended_ms += (long long)(audio_len / 4 * 3) / 8; /* mu-law, whatever comes back */
    if (!s->first_append_at) s->first_append_at = now_ms();
    if (!echo_mode) return;
    if (!s->responding && s->automatic && s->greeted) begin_response(s, 0);
    if (!s->responding || s->scripted) return;
    static char wide[8 * 3200 + 8];
    if (s->pcm) audio_len = widen(s, audio, audio_len, wide), audio = wide;
    audio_delta(s, audio, audio_len);
}

static void session_update(struct session *s, const char *text, size_t len) {
    const char *p = memmem(text, len, "\"create_response\"", 17);
    if (p) {
        for (p += 17; *p == ':' || *p == ' '; p++) {}
        s->automatic = *p == 't';
    }
    const char *out = memmem(text, len, "\"output\"", 8);
    if (out) {
        size_t rest = len - (size_t)(out - text);
        s->pcm = memmem(out, rest < 60 ? rest : 60, "audio/pcm\"", 10) != NULL;
    }
    session_event(s, "session.updated");
    if (!echo_mode && s->automatic) s->idle_since = now_ms();
}

static void message(struct session *s, const char *text, size_t len) {
    size_t n;
    const char *type = member(text, len < 80 ? len : 80, "type", &n);
    if (!type) type = member(text, len, "type", &n);
    if (!type) return;
    if (is(type, n, "input_audio_buffer.append")) append(s, text, len);
    else if (is(type, n, "session.update")) session_update(s, text, len);
    else if (is(type, n, "response.create")) {
        size_t tag_len = 0;
        const char *tag = member(text, len, "tag", &tag_len);
        if (s->responding && !s->scripted) end_response(s, "completed");
        if (s->responding) {
            event(s, "\"type\":\"error\",\"error\":{\"type\":\"invalid_request_error\",\"code\":"
                     "\"conversation_already_has_active_response\",\"message\":\"one at a time\"}" END);
            return;
        }
        if (tag_len >= sizeof s->tag) tag_len = 0;
        if (tag_len) memcpy(s->tag, tag, tag_len);
        s->tag[tag_len] = 0;
        if (!s->first_append_at) s->first_append_at = now_ms();
        begin_response(s, tag_len ? say_ms : speak_ms);
    } else if (is(type, n, "response.cancel")) {
        if (s->responding) end_response(s, "cancelled");
    } else if (is(type, n, "conversation.item.truncate")) {
        event(s, "\"type\":\"conversation.item.truncated\",\"item_id\":\"\",\"content_index\":0,"
                 "\"audio_end_ms\":0" END);
    }
}

static void upgrade(struct session *s) {
    static const char *magic = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    char *end = memmem(s->in, s->in_len, "\r\n\r\n", 4), joined[128], accept[40];
    if (!end) {
        if (s->in_len > 16000) close_session(s);
        return;
    }
    *end = 0;
    char *key = strcasestr(s->in, "\r\nsec-websocket-key:");
    if (!key) {
        close_session(s);
        return;
    }
    key += 20;
    while (*key == ' ') key++;
    int n = snprintf(joined, sizeof joined, "%.*s%s", (int)strcspn(key, "\r "), key, magic);
    unsigned char digest[20];
    sha1((unsigned char *)joined, (size_t)n, digest);
    base64(digest, 20, accept);
    char *p = room(s, 256);
    s->out_len += (size_t)sprintf(p, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                                     "Connection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n", accept);
    size_t used = (size_t)(end - s->in) + 4;
    memmove(s->in, s->in + used, s->in_len - used);
    s->in_len -= used;
    s->upgraded = 1;
    session_event(s, "session.created");
}

static void unmask(char *data, size_t len, const unsigned char key[4]) {
    uint64_t wide;
    size_t i = 0;
    unsigned char twice[8];
    memcpy(twice, key, 4), memcpy(twice + 4, key, 4);
    memcpy(&wide, twice, 8);
    for (; i + 8 <= len; i += 8) {
        uint64_t v;
        memcpy(&v, data + i, 8);
        v ^= wide;
        memcpy(data + i, &v, 8);
    }
    for (; i < len; i++) data[i] ^= (char)key[i & 3];
}

static void frames(struct session *s) {
    size_t at = 0;
    while (!s->dead && s->in_len - at >= 6) {
        unsigned char *p = (unsigned char *)s->in + at;
        size_t len = p[1] & 0x7F, head = 2;
        if (len == 126) len = (size_t)p[2] << 8 | p[3], head = 4;
        else if (len == 127) {
            if (s->in_len - at < 14) break;
            len = 0, head = 10;
            for (int i = 0; i < 8; i++) len = len << 8 | p[2 + i];
        }
        if (!(p[1] & 0x80) || len > MAX_IN / 2) {
            close_session(s);
            return;
        }
        if (s->in_len - at < head + 4 + len) break;
        char *data = (char *)p + head + 4;
        unmask(data, len, p + head);
        int opcode = p[0] & 15;
        if (opcode == 1 && (p[0] & 0x80)) message(s, data, len);
        else if (opcode == 9) put_frame(s, 10, data, len);
        else if (opcode == 8) {
            put_frame(s, 8, data, len);
            flush(s);
            close_session(s);
        }
        at += head + 4 + len;
    }
    memmove(s->in, s->in + at, s->in_len - at);
    s->in_len -= at;
}

static void readable(struct session *s) {
    static char shared[256 * 1024];
    ssize_t n;
    if (s->in_len + 65536 > s->in_cap && s->in_len) {
        s->in_cap = s->in_len + 131072;
        s->in = realloc(s->in, s->in_cap);
    }
    /* what comes whole never needs a buffer of its own */
    char *own = s->in;
    if (!s->in_len) {
        n = recv(s->fd, shared, sizeof shared, 0);
        s->in = shared;
    } else {
        n = recv(s->fd, s->in + s->in_len, s->in_cap - s->in_len, 0);
    }
    if (n <= 0) {
        s->in = own;
        if (n == 0 || errno != EAGAIN) close_session(s);
        return;
    }
    s->in_len += (size_t)n;
    if (!s->upgraded) upgrade(s);
    if (s->upgraded) frames(s);
    if (s->in == shared) {
        if (s->in_len > s->in_cap || (s->in_len && !own)) {
            s->in_cap = s->in_len + 65536;
            own = realloc(own, s->in_cap);
        }
        if (s->in_len) memcpy(own, shared, s->in_len);
        s->in = own;
    }
    if (s->out_len && !s->dead) flush(s);
}

static void release(struct session *s) {
    sessions[s->fd] = NULL;
    close(s->fd);
    free(s->in), free(s->out), free(s);
}

static void accept_all(int listener) {
    int fd, one = 1;
    while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        if (fd >= MAX_FDS) {
            close(fd);
            continue;
        }
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        struct session *s = calloc(1, sizeof *s);
        s->fd = fd, s->number = (unsigned)++connects;
        sessions[fd] = s;
        struct epoll_event e = {.events = EPOLLIN, .data.ptr = s};
        epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &e);
    }
}

static void stop(int signal_number) { stopping = signal_number; }

static int listen_on(int port) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    socklen_t size = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), one = 1;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(fd, (struct sockaddr *)&address, size) || listen(fd, 1024)) {
        perror("listen");
        exit(1);
    }
    getsockname(fd, (struct sockaddr *)&address, &size);
    printf("port %d\n", ntohs(address.sin_port));
    fflush(stdout);
    return fd;
}

static void report(void) {
    struct rusage used;
    getrusage(RUSAGE_SELF, &used);
    printf("{\"sessions\": %llu, \"appends\": %llu, \"deltas\": %llu, \"cpu_seconds\": %.3f}\n", connects,
           appends, deltas,
           (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
               (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6);
}

int main(int argc, char **argv) {
    int port = 0;
    for (int i = 1; i + 1 < argc; i += 2) {
        if (!strcmp(argv[i], "--port")) port = atoi(argv[i + 1]);
        else if (!strcmp(argv[i], "--mode")) echo_mode = strcmp(argv[i + 1], "speak") != 0;
        else if (!strcmp(argv[i], "--speak-ms")) speak_ms = atoi(argv[i + 1]);
        else if (!strcmp(argv[i], "--listen-ms")) listen_ms = atoi(argv[i + 1]);
        else if (!strcmp(argv[i], "--say-ms")) say_ms = atoi(argv[i + 1]);
        else return fprintf(stderr, "unknown option %s\n", argv[i]), 2;
    }
    struct rlimit files = {MAX_FDS, MAX_FDS};
    setrlimit(RLIMIT_NOFILE, &files);
    signal(SIGTERM, stop), signal(SIGINT, stop), signal(SIGPIPE, SIG_IGN);
    prctl(PR_SET_TIMERSLACK, 1000);
    make_speech();
    epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    int listener = listen_on(port);
    struct epoll_event e = {.events = EPOLLIN, .data.ptr = NULL}, ready[4096];
    epoll_ctl(epoll_fd, EPOLL_CTL_ADD, listener, &e);
    long long tick = now_ms();
    while (!stopping) {
        long long now = now_ms();
        if (now >= tick) {
            tick = now + TICK_MS;
            for (int fd = 0; fd < MAX_FDS; fd++) {
                if (!sessions[fd]) continue;
                pass_time(sessions[fd], now);
                if (sessions[fd]->dead) release(sessions[fd]);
            }
        }
        /* look once in a millisecond: a wake-up for each message would cost more than the message */
        struct timespec pause = {0, 1000000};
        clock_nanosleep(CLOCK_MONOTONIC, 0, &pause, NULL);
        int n = epoll_wait(epoll_fd, ready, 4096, 0);
        for (int i = 0; i < n; i++) {
            struct session *s = ready[i].data.ptr;
            if (!s) {
                accept_all(listener);
                continue;
            }
            if (ready[i].events & EPOLLOUT) flush(s);
            if (ready[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) readable(s);
            if (s->dead) release(s);
        }
    }
    report();
    return 0;
}
