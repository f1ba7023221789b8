# Faults under load, each with what is promised and what was seen; needs root for disks of its own.
EXTRA_DIST += tests/faults/crash.c tests/faults/faults.py tests/faults/load.py tests/faults/soak.py
SECONDS_EACH_FAULT = 20
.PHONY: faults
faults: postern tests/demo/demo-entra tests/demo/demo-atlassian
	/usr/bin/python3 $(srcdir)/tests/faults/faults.py --build $(abs_builddir) --seconds $(SECONDS_EACH_FAULT) $(FAULTS)

# The same for longer, a thousand reloads and a hundred thousand sign-ons: most of an hour.
.PHONY: soak
soak: postern tests/demo/demo-entra tests/demo/demo-atlassian tests/bench/sign_on_load
	/usr/bin/python3 $(srcdir)/tests/faults/soak.py --build $(abs_builddir)
	/usr/bin/python3 $(srcdir)/tests/faults/faults.py --build $(abs_builddir) --seconds 120 --reloads 1000
