/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `limits`: a map, or off. */
#include "gateway/settings/settings_reader.h"

#include <stdlib.h>

static bool is_off(const struct yaml_node *node)
{
	return node && node->kind == YAML_NODE_SCALAR && strcmp(node->text, "off") == 0;
}

/* A request from this host itself is one of a proxy that does not say for whom. */
static void exempt(struct settings_reader *r, const struct yaml_node *node, struct settings_limits *l)
{
	static const char *const own[] = {"127.0.0.0/8", "::1"};
	const size_t n = sizeof(own) / sizeof(*own);
	const struct network *named = NULL;
	size_t count = settings_read_networks(r, node, &named, NULL);
	struct network *all = arena_alloc(r->arena, (count + n) * sizeof(*all));

	for (size_t i = 0; i < n; i++)
		if (network_read(own[i], &all[i], NULL) < 0)
			abort();
	if (count)
		memcpy(all + n, named, count * sizeof(*all));
	l->exempt = all;
	l->exempt_count = count + n;
}

void settings_read_limits(struct settings_reader *r)
{
	static const struct yaml_node nothing = {.kind = YAML_NODE_MAP, .key = "limits"};
	const struct yaml_node *node = yaml_get(r->root, "limits");
	struct settings_limits *l = &r->settings->limits;

	/* the prefixes are there also when it is off */
	if (section_read(r, SECTION_limits, node && !is_off(node) ? node : &nothing, l) < 0)
		return;
	if (is_off(node))
		l->requests = l->failures = l->sign_ons = l->connections = 0;
	exempt(r, node && !is_off(node) ? yaml_get(node, "exempt") : NULL, l);
}
