/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Times, durations and numbers; a time written from what was read is read as the same. */
#include "tests/fuzz/fuzz.h"

#include "base/encode.h"
#include "saml/metadata_read.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice in = slice_of(data, size);
	int64_t time, again, seconds;
	char written[21];
	uint64_t number;

	if (time_read(in, &time) == 0) {
		if (time < 0 || time > TIME_LAST)
			abort();
		time_write(time, written);
		if (time_read(slice_c(written), &again) < 0 || again != time)
			abort();
		fuzz_succeeded(0);
	}
	if (xml_duration_read(in, &seconds) == 0 && seconds < 0)
		abort();
	if (duration_read(in, &seconds) == 0 && seconds < 0)
		abort();
	if (number_read(in, 3, 1000000, &number) == 0 && (number < 3 || number > 1000000))
		abort();
	return 0;
}
