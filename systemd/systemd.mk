# SPDX-License-Identifier: GPL-3.0-or-later
UNITS_MADE = systemd/postern.service systemd/postern-prepare.service systemd/postern-worker@.service systemd/postern-keys@.service \
	systemd/postern-mirror@.service systemd/postern-refresh.service systemd/postern-rules.service systemd/postern-metrics.service \
	systemd/postern-provision.service systemd/postern-scim.service
dist_systemdsystemunit_DATA = systemd/postern.target systemd/postern.socket systemd/postern-metrics.socket systemd/postern-scim.socket \
	systemd/postern-keys@.socket systemd/postern-answers@.socket
nodist_systemdsystemunit_DATA = $(UNITS_MADE)
EXTRA_DIST += $(UNITS_MADE:=.in) systemd/postern.sysusers systemd/postern.tmpfiles
CLEANFILES += $(UNITS_MADE)

$(UNITS_MADE): systemd/%: systemd/%.in Makefile
	$(AM_V_GEN)$(MKDIR_P) systemd && sed -e 's|@bindir[@]|$(bindir)|g' -e 's|@sysconfdir[@]|$(sysconfdir)|g' $< > $@.tmp && mv $@.tmp $@

install-data-hook:
	$(MKDIR_P) '$(DESTDIR)$(sysusersdir)' '$(DESTDIR)$(tmpfilesdir)'
	$(INSTALL_DATA) $(srcdir)/systemd/postern.sysusers '$(DESTDIR)$(sysusersdir)/postern.conf'
	$(INSTALL_DATA) $(srcdir)/systemd/postern.tmpfiles '$(DESTDIR)$(tmpfilesdir)/postern.conf'

uninstall-hook:
	rm -f '$(DESTDIR)$(sysusersdir)/postern.conf' '$(DESTDIR)$(tmpfilesdir)/postern.conf'
