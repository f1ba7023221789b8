/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Files of tzdata (RFC 8536): whatever was read, days and minutes of it can be asked for at any time. */
#include "tests/fuzz/fuzz.h"

#include "base/calendar.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const int64_t times[] = {INT64_MIN / 2, -2208988800, 0, 1700000000, 4102444800, INT64_C(1) << 40};
	struct arena *a = arena_new();
	const struct zone *zone;
	size_t i;

	if (zone_read(a, "Some/Where", slice_of(data, size), &zone) == 0) {
		fuzz_succeeded(0);
		for (i = 0; i < sizeof(times) / sizeof(*times); i++) {
			zone_offset(zone, times[i]);
			zone_day(zone, times[i]);
			zone_minute(zone, times[i]);
		}
		zone_midnight(zone, 20000);
	}
	arena_free(a);
	return 0;
}
