# datamesh, built with PGXS:  make && make install && make installcheck
#
# The version stands in datamesh.control alone; everything here reads it from there
# (META.json repeats it because PGXN demands it; scripts/check_style.sh compares the two).

EXTENSION  = datamesh
EXTVERSION = $(shell sed -n "s/^default_version *= *'\(.*\)'/\1/p" datamesh.control)

MODULE_big = datamesh

# One room per area; within the list, dependencies point upwards only (docs/architecture.md).
OBJS = \
	src/base/module.o \
	src/base/settings.o \
	src/base/session.o \
	src/base/names.o \
	src/base/text.o \
	src/base/json.o \
	src/base/lock.o \
	src/contract/document.o \
	src/contract/yaml_read.o \
	src/contract/yaml_write.o \
	src/contract/shape.o \
	src/contract/mask.o \
	src/contract/odcs_custom.o \
	src/contract/odcs_quality.o \
	src/contract/odcs_schema.o \
	src/contract/odcs.o \
	src/contract/contract.o \
	src/contract/observe.o \
	src/contract/infer.o \
	src/contract/infer_propose.o \
	src/contract/compare.o \
	src/contract/compare_node.o \
	src/contract/compare_type.o \
	src/contract/compare_rule.o \
	src/contract/compare_result.o \
	src/contract/compare_value.o \
	src/contract/compare_sla.o \
	src/contract/compare_access.o \
	src/contract/compare_mask.o \
	src/contract/compare_personal.o \
	src/contract/compare_filter.o \
	src/contract/compare_custom.o \
	src/catalog/event.o \
	src/catalog/restore.o \
	src/catalog/lookup.o \
	src/catalog/domain.o \
	src/catalog/load.o \
	src/quality/numeric_bound.o \
	src/quality/exact_sum.o \
	src/quality/exchange.o \
	src/quality/unique.o \
	src/quality/unique_count.o \
	src/quality/unique_store.o \
	src/quality/hll.o \
	src/quality/value_hash.o \
	src/quality/pattern.o \
	src/quality/value_check.o \
	src/quality/column_stats.o \
	src/quality/measure_program.o \
	src/quality/measure_store.o \
	src/quality/measure.o \
	src/quality/measure_sql.o \
	src/quality/guard.o \
	src/quality/rule_reader.o \
	src/quality/rule_check.o \
	src/quality/rule_object.o \
	src/quality/rule_contract.o \
	src/quality/rule_short.o \
	src/quality/rules.o \
	src/quality/expression.o \
	src/quality/prove.o \
	src/quality/fused.o \
	src/quality/passes.o \
	src/quality/row_key.o \
	src/quality/result.o \
	src/quality/format.o \
	src/quality/bind.o \
	src/quality/plan.o \
	src/quality/observe.o \
	src/quality/check.o \
	src/quality/profile.o \
	src/lineage/trace.o \
	src/lineage/beneath.o \
	src/lineage/code.o \
	src/masking/kernel_text.o \
	src/masking/kernel_number.o \
	src/masking/kernel_calendar.o \
	src/masking/kernel_hash.o \
	src/masking/kernel_value.o \
	src/masking/kernel_crypto.o \
	src/masking/kernel_detect.o \
	src/masking/anonymity.o \
	src/masking/calendar.o \
	src/masking/mask.o \
	src/masking/generalize.o \
	src/masking/policy.o \
	src/masking/key.o \
	src/masking/keyed.o \
	src/masking/detect.o \
	src/ltv/kernel.o \
	src/ltv/state.o \
	src/ltv/state_io.o \
	src/ltv/ltv.o \
	src/governance/policy.o \
	src/governance/gate.o \
	src/governance/guard.o \
	src/governance/guard_mesh.o \
	src/governance/guard_relation.o \
	src/governance/guard_protect.o \
	src/governance/guard_code.o \
	src/governance/guard_grant.o \
	src/governance/guard_standard.o \
	src/governance/guard_role.o \
	src/governance/guard_setting.o \
	src/governance/guard_utility.o \
	src/governance/council.o \
	src/governance/approval.o \
	src/governance/version.o \
	src/governance/waiver.o \
	src/governance/access_request.o \
	src/governance/dispute.o \
	src/governance/simulate.o \
	src/access/rules.o \
	src/access/policy_cache.o \
	src/access/reader.o \
	src/access/decide.o \
	src/access/my_access.o \
	src/access/last_use.o \
	src/access/compile.o \
	src/access/compile_column.o \
	src/access/compile_rows.o \
	src/access/compile_scan.o \
	src/access/compile_mask.o \
	src/access/compile_filter.o \
	src/access/compile_check.o \
	src/publish/publish.o \
	src/publish/gate.o \
	src/publish/tuple.o \
	src/publish/copy_scan.o \
	src/publish/copy.o \
	src/publish/release.o \
	src/publish/view.o \
	src/publish/grant.o \
	src/publish/protect.o \
	src/publish/port.o \
	src/publish/lock.o \
	src/publish/lifecycle.o \
	src/publish/report.o \
	src/publish/retention.o \
	src/publish/scan.o \
	src/publish/progress.o \
	src/reading/timetravel.o \
	src/reading/fold.o \
	src/reading/fold_plan.o \
	src/reading/begun.o \
	src/reading/explain.o \
	src/reading/explain_execute.o \
	src/reading/explain_print.o

# The install script is these pieces in this order.
SQL_PARTS = \
	sql/parts/base.sql \
	sql/parts/contract.sql \
	sql/parts/catalog.sql \
	sql/parts/contract_compare.sql \
	sql/parts/quality_measure.sql \
	sql/parts/quality.sql \
	sql/parts/masking.sql \
	sql/parts/ltv.sql \
	sql/parts/lineage.sql \
	sql/parts/governance.sql \
	sql/parts/governance_lineage.sql \
	sql/parts/governance_council.sql \
	sql/parts/access.sql \
	sql/parts/access_request.sql \
	sql/parts/reading.sql \
	sql/parts/publish.sql \
	sql/parts/security.sql \
	sql/parts/security_scan.sql \
	sql/parts/catalog_restore.sql \
	sql/parts/governance_guard.sql

DATA_built = sql/datamesh--$(EXTVERSION).sql
EXTRA_CLEAN = sql/datamesh--*.sql

PG_CPPFLAGS = -I$(srcdir)/src -DDATAMESH_VERSION='"$(EXTVERSION)"'
PG_CFLAGS   = -Wall -Wextra -Wno-unused-parameter -Wno-sign-compare $(if $(WERROR),-Werror)
SHLIB_LINK  = -lyaml

REGRESS = \
	base \
	catalog_contract \
	catalog_domain \
	catalog_names \
	catalog_events \
	catalog_events_end \
	catalog_security \
	contract \
	contract_compare \
	contract_compare_rules \
	contract_compare_sla \
	contract_compare_access \
	contract_compare_product \
	contract_errors \
	contract_infer \
	contract_roundtrip \
	quality_answers \
	quality_parallel \
	quality_product \
	quality_proofs \
	quality_versions \
	quality_relations \
	quality_rules \
	quality_samples \
	quality_security \
	quality_settings \
	quality_measure \
	quality_measure_kernels \
	quality_measure_parallel \
	quality_memory \
	ltv \
	ltv_differential \
	masking \
	masking_detect \
	masking_key \
	governance_policies \
	governance_lesson \
	governance_council \
	governance_dispute \
	governance_waiver \
	governance_loosen \
	governance_lineage \
	governance_pii \
	governance_gate \
	governance_function \
	access \
	access_change \
	access_grant \
	access_parallel \
	access_request \
	access_review \
	publish \
	publish_gates \
	publish_lifecycle \
	publish_live \
	publish_live_code \
	publish_security \
	publish_code \
	publish_types publish_parallel publish_quality_rules \
	publish_access_policy \
	publish_mask \
	publish_mask_types \
	publish_mask_refused \
	publish_mask_keyed \
	publish_row_filter \
	publish_alias \
	publish_protect \
	reading_fold \
	security_scan \
	reading_fold_reader \
	governance_guard \
	governance_guard_grant \
	governance_guard_protect \
	governance_guard_standard
REGRESS_OPTS = --inputdir=test --outputdir=. --load-extension=semver --load-extension=datamesh
ISOLATION = catalog_append_race catalog_load_race quality_snapshot governance_votes governance_publish \
	publish_publish publish_readers publish_retention publish_alter publish_rollback publish_shape reading_fold_race \
	governance_guard_race governance_code_race access_readers access_request_race
ISOLATION_OPTS = --inputdir=test --outputdir=output_iso --load-extension=semver --load-extension=datamesh
# Tests in Perl make clusters of their own and cannot run as root, so they are not part of a plain
# installcheck: run scripts/test.sh tap, or make installcheck TAP_TESTS=1.
PROVE_TESTS = $(wildcard test/t/*.pl)

PG_CONFIG ?= pg_config
PGXS := $(shell $(PG_CONFIG) --pgxs)
include $(PGXS)

sql/datamesh--$(EXTVERSION).sql: $(SQL_PARTS) datamesh.control
	@printf '%s\n' '\echo Use "CREATE EXTENSION datamesh CASCADE" to load this file. \quit' > $@
	@cat $(SQL_PARTS) >> $@

$(OBJS): $(wildcard src/*/*.h)
src/base/module.o: datamesh.control
