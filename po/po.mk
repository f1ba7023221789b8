# Translations of the pages, one file each.
TRANSLATIONS = po/ar.po po/de.po po/fr.po

EXTRA_DIST += po/POTFILES po/postern.pot $(TRANSLATIONS) build-aux/catalogues.sh build-aux/update-po.sh
CLEANFILES += po/catalogues.c

po/catalogues.c: $(TRANSLATIONS) build-aux/catalogues.sh
	$(AM_V_GEN)$(MKDIR_P) po && MSGFMT='$(MSGFMT)' $(srcdir)/build-aux/catalogues.sh $(srcdir) $(TRANSLATIONS) > $@.tmp && mv $@.tmp $@

# After a change of a text: po/postern.pot and each .po file anew.
update-po:
	$(srcdir)/build-aux/update-po.sh $(TRANSLATIONS)
.PHONY: update-po
