/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Made by forge_corpus.c: what the Responses of the corpus were made for. */
#ifndef TESTS_FUZZ_FORGED_H
#define TESTS_FUZZ_FORGED_H

#define FORGED_NOW 1795526356LL
#define FORGED_ENTITY "https://sso.example.org/saml/sp/metadata"
#define FORGED_ACS "https://sso.example.org/saml/sp/acs/host1"
#define FORGED_REQUEST "_0123456789abcdef0123456789abcdef"

#endif
