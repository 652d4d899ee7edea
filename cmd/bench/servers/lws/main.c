// Echoes with Debian's libwebsockets, one service thread. Its loop is that of
// libwebsockets, around poll, or that of libuv, around epoll, if it is compiled
// with -DOPTIONS=LWS_SERVER_OPTION_LIBUV.
#include <libwebsockets.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifndef OPTIONS
#define OPTIONS 0
#endif

#define CHUNK (64 << 10)

// A fragment waiting to be sent back, with the space that lws needs before it.
struct part {
	struct part *next;
	size_t len;
	int flags;
	unsigned char buf[];
};

struct session {
	struct part *head, **tail;
	int begun; // inside a message
};

static int
on_event(struct lws *wsi, enum lws_callback_reasons why, void *user, void *in, size_t len)
{
	struct session *s = user;
	struct part *p;

	switch (why) {
	case LWS_CALLBACK_ESTABLISHED:
		s->head = NULL;
		s->tail = &s->head;
		s->begun = 0;
		break;
	case LWS_CALLBACK_RECEIVE: {
		int first = !s->begun;
		int last = lws_is_final_fragment(wsi) && !lws_remaining_packet_payload(wsi);

		if (!(p = malloc(sizeof *p + LWS_PRE + len)))
			return -1;
		p->next = NULL;
		p->len = len;
		p->flags = lws_write_ws_flags(
			lws_frame_is_binary(wsi) ? LWS_WRITE_BINARY : LWS_WRITE_TEXT, first, last);
		s->begun = !last;
		memcpy(p->buf + LWS_PRE, in, len);
		*s->tail = p;
		s->tail = &p->next;
		lws_callback_on_writable(wsi);
		break;
	}
	case LWS_CALLBACK_SERVER_WRITEABLE:
		while ((p = s->head) && !lws_send_pipe_choked(wsi)) {
			if (lws_write(wsi, p->buf + LWS_PRE, p->len, p->flags) < (int)p->len)
				return -1;
			if (!(s->head = p->next))
				s->tail = &s->head;
			free(p);
		}
		if (s->head)
			lws_callback_on_writable(wsi);
		break;
	case LWS_CALLBACK_CLOSED:
		while ((p = s->head)) {
			s->head = p->next;
			free(p);
		}
		break;
	default:
		break;
	}
	return 0;
}

int
main(int argc, char **argv)
{
	static const struct lws_protocols protocols[] = {
		{ "echo", on_event, sizeof(struct session), CHUNK, 0, NULL, 0 }, { 0 }
	};
	static const struct lws_extension extensions[] = {
		{ "permessage-deflate", lws_extension_callback_pm_deflate, "permessage-deflate" }, { 0 }
	};
	struct lws_context_creation_info info = { .port = 9001, .iface = "127.0.0.1", .options = OPTIONS };
	struct lws_context *c;
	int version = 0;

	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "-addr") && i + 1 < argc)
			info.port = atoi(strchr(argv[i + 1], ':') + 1);
		if (!strcmp(argv[i], "-compress") && i + 1 < argc && strcmp(argv[i + 1], "off"))
			info.extensions = extensions;
		if (!strcmp(argv[i], "-version")) {
			version = 1;
			info.port = CONTEXT_PORT_NO_LISTEN;
		}
	}
	lws_set_log_level(LLL_ERR, NULL);
	info.protocols = protocols;
	if (!(c = lws_create_context(&info)))
		return 1; // for instance because the plugin for libuv is missing
	if (version) {
		puts(LWS_LIBRARY_VERSION);
		return 0;
	}
	while (lws_service(c, 0) >= 0)
		;
	lws_context_destroy(c);
	return 0;
}
