noinst_LIBRARIES += policies/libpolicies.a
policies_libpolicies_a_SOURCES = \
	policies/caret.c \
	policies/comparisons.c \
	policies/condition.c policies/condition.h \
	policies/decide.c \
	policies/exceptions.c policies/exceptions.h \
	policies/grammar.c policies/parser.h \
	policies/group_index.c policies/group_index.h \
	policies/implication.c policies/implication.h \
	policies/judge.c policies/judge_signon.c policies/judge_values.c \
	policies/lexer.c policies/lexer.h \
	policies/passage.c \
	policies/pattern.c \
	policies/policies.h \
	policies/review.c \
	policies/signon.c \
	policies/terms.c \
	policies/words.c policies/words.h policies/words.def

check_PROGRAMS += tests/unit/test_condition tests/unit/test_judge tests/unit/test_judge_values tests/unit/test_decide tests/unit/test_passage tests/unit/test_exceptions tests/unit/test_review tests/unit/test_policy_property
CONDITION_STAGE = tests/unit/condition_stage.h tests/unit/arena.h tests/unit/unit.h tests/unit/policy_names.h
tests_unit_test_condition_SOURCES = tests/unit/test_condition.c $(CONDITION_STAGE)
tests_unit_test_condition_LDADD = $(POLICIES_LIBS) $(CMOCKA_LIBS)
check_PROGRAMS += tests/unit/test_condition_bounds
tests_unit_test_condition_bounds_SOURCES = tests/unit/test_condition_bounds.c $(CONDITION_STAGE)
tests_unit_test_condition_bounds_LDADD = $(POLICIES_LIBS) $(CMOCKA_LIBS)
tests_unit_test_judge_SOURCES = tests/unit/test_judge.c tests/unit/judge_stage.h tests/unit/arena.h tests/unit/unit.h tests/unit/policy_names.h
tests_unit_test_judge_LDADD = $(POLICIES_LIBS) $(CMOCKA_LIBS)
tests_unit_test_judge_values_SOURCES = tests/unit/test_judge_values.c tests/unit/judge_stage.h tests/unit/arena.h tests/unit/unit.h tests/unit/policy_names.h
tests_unit_test_judge_values_LDADD = $(POLICIES_LIBS) $(CMOCKA_LIBS)
tests_unit_test_decide_SOURCES = tests/unit/test_decide.c tests/unit/arena.h tests/unit/unit.h tests/unit/policy_names.h
tests_unit_test_decide_LDADD = $(POLICIES_LIBS) $(CMOCKA_LIBS)
tests_unit_test_passage_SOURCES = tests/unit/test_passage.c tests/unit/unit.h
tests_unit_test_passage_LDADD = $(POLICIES_LIBS) $(CMOCKA_LIBS)
tests_unit_test_exceptions_SOURCES = tests/unit/test_exceptions.c tests/unit/arena.h tests/unit/unit.h tests/unit/policy_names.h
tests_unit_test_exceptions_LDADD = $(POLICIES_LIBS) $(CMOCKA_LIBS)
tests_unit_test_review_SOURCES = tests/unit/test_review.c tests/unit/arena.h tests/unit/unit.h tests/unit/policy_names.h
tests_unit_test_review_LDADD = $(POLICIES_LIBS) $(CMOCKA_LIBS)
tests_unit_test_policy_property_SOURCES = tests/unit/test_policy_property.c tests/unit/unit.h tests/unit/policy_names.h
tests_unit_test_policy_property_LDADD = $(POLICIES_LIBS) $(CMOCKA_LIBS)
