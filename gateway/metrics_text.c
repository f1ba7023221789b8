/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Counters, histograms and gauges, each family with its help and type before it. */
#include "gateway/metrics_text.h"

#define LABELS_MAX 4

struct gauge {
	enum metric metric;
	int64_t value;
	const char *values[LABELS_MAX + 1];
};

void gauge_add(struct gauges *g, enum metric metric, int64_t value, ...)
{
	struct gauge gauge = {.metric = metric, .value = value};
	const char *label;
	va_list args;
	size_t n = 0;

	va_start(args, value);
	while ((label = va_arg(args, const char *)) && n < LABELS_MAX)
		gauge.values[n++] = label;
	va_end(args);
	g->list = arena_grow(g->arena, g->list, g->n, sizeof(*g->list));
	g->list[g->n++] = gauge;
}

/* Backslash, line end and, in label values, the quotation mark are written with a backslash before them. */
static void add_escaped(struct text *t, const char *s, bool quoted)
{
	for (; *s; s++) {
		if (*s == '\n')
			text_add_c(t, "\\n");
		else if (*s == '\\' || (quoted && *s == '"'))
			text_addf(t, "\\%c", *s);
		else
			text_add(t, slice_of(s, 1));
	}
}

static void add_label(struct text *t, bool first, struct slice name, const char *value)
{
	text_add_c(t, first ? "{" : ",");
	text_add(t, name);
	text_add_c(t, "=\"");
	add_escaped(t, value, true);
	text_add_c(t, "\"");
}

/* `le` NULL: none besides those of the metric. */
static void add_labels(struct text *t, enum metric metric, const char *const *values, const char *le)
{
	const char *name = metrics_table[metric].labels;
	size_t i;

	for (i = 0; *name; i++) {
		size_t n = strcspn(name, " ");

		add_label(t, i == 0, slice_of(name, n), values[i] ? values[i] : "");
		name += n + (name[n] == ' ');
	}
	if (le)
		add_label(t, i == 0, slice_c("le"), le);
	if (i || le)
		text_add_c(t, "}");
}

static void add_family(struct text *t, enum metric metric)
{
	static const char *const kinds[] = {[COUNTER] = "counter", [GAUGE] = "gauge", [HISTOGRAM] = "histogram"};
	const struct metric_row *row = &metrics_table[metric];

	text_addf(t, "# HELP %s ", row->name);
	add_escaped(t, row->help, false);
	text_addf(t, "\n# TYPE %s %s\n", row->name, kinds[row->kind]);
}

static void add_line(struct text *t, enum metric metric, const char *const *values, const char *suffix, const char *le)
{
	text_addf(t, "%s%s", metrics_table[metric].name, suffix);
	add_labels(t, metric, values, le);
}

/* Microseconds as seconds, exactly. */
static const char *seconds(char out[32], uint64_t microseconds)
{
	snprintf(out, 32, "%llu.%06llu", (unsigned long long)(microseconds / 1000000), (unsigned long long)(microseconds % 1000000));
	return out;
}

/* Of a bucket: labels are compared as text, and everybody else writes 0.0025. */
static const char *bound(char out[32], uint64_t microseconds)
{
	char *end;

	seconds(out, microseconds);
	for (end = out + strlen(out) - 1; *end == '0'; end--)
		*end = 0;
	if (*end == '.')
		*end = 0;
	return out;
}

static void add_histogram(struct text *t, const struct metrics_sample *s)
{
	uint64_t sum = 0;
	char number[32];
	size_t i;

	for (i = 0; i < METRICS_BUCKETS; i++) {
		sum += s->buckets[i];
		add_line(t, s->metric, s->values, "_bucket", i < METRICS_BUCKETS - 1 ? bound(number, (uint64_t)metrics_bounds[i]) : "+Inf");
		text_addf(t, " %llu\n", (unsigned long long)sum);
	}
	add_line(t, s->metric, s->values, "_sum", NULL);
	text_addf(t, " %s\n", seconds(number, s->microseconds));
	add_line(t, s->metric, s->values, "_count", NULL);
	text_addf(t, " %llu\n", (unsigned long long)sum);
}

static void add_samples(struct text *t, enum metric metric, const struct metrics_sample *samples, size_t n)
{
	bool first = true;
	size_t i;

	for (i = 0; i < n; i++) {
		if (samples[i].metric != metric)
			continue;
		if (first)
			add_family(t, metric);
		first = false;
		if (metrics_table[metric].kind == HISTOGRAM) {
			add_histogram(t, &samples[i]);
			continue;
		}
		add_line(t, metric, samples[i].values, "", NULL);
		text_addf(t, " %llu\n", (unsigned long long)samples[i].count);
	}
}

static void add_gauges(struct text *t, enum metric metric, const struct gauges *gauges)
{
	bool first = true;
	size_t i;

	for (i = 0; i < gauges->n; i++) {
		if (gauges->list[i].metric != metric)
			continue;
		if (first)
			add_family(t, metric);
		first = false;
		add_line(t, metric, gauges->list[i].values, "", NULL);
		text_addf(t, " %lld\n", (long long)gauges->list[i].value);
	}
}

struct slice metrics_text(struct arena *a, const struct metrics *m, const struct gauges *gauges)
{
	const struct metrics_sample *samples = NULL;
	size_t n = m ? metrics_read(a, m, &samples) : 0;
	struct text t;
	int i;

	text_begin(&t, a, 16384);
	for (i = 0; i < METRIC_COUNT; i++) {
		if (metrics_table[i].kind == GAUGE)
			add_gauges(&t, (enum metric)i, gauges);
		else
			add_samples(&t, (enum metric)i, samples, n);
	}
	return text_slice(&t);
}
