# SPDX-License-Identifier: GPL-3.0-or-later
# Manual pages; their tables are written by build-aux/manual.py and checked by tests/guards/manuals.
dist_man_MANS += man/postern.8 man/postern.yaml.5 man/postern.rules.5
# For the directory, and for readers of the audit: copied from there, never loaded by the program.
schemadir = $(pkgdatadir)/schema
dist_schema_DATA = schema/postern.ldif schema/postern-ad.ldif schema/audit.schema.json
EXTRA_DIST += build-aux/manual.py
