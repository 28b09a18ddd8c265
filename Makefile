# git-build. `make` builds everything into build/; `make help` lists the other targets.

PREFIX   ?= /usr/local
DESTDIR  ?=
SANITIZE ?=
SUITE    ?=

ifeq ($(origin CC),default)
CC := gcc
endif
comma    := ,

# Each compiler and set of sanitizers has a separate build directory, so that objects are never mixed.
BUILD := build$(if $(filter gcc,$(CC)),,/$(notdir $(CC)))$(if $(SANITIZE),/$(subst $(comma),-,$(SANITIZE)))
# The directory of the programs under test, for every kind of build.
export GIT_BUILD_BINDIR := $(abspath $(BUILD))

bindir      := $(PREFIX)/bin
libexecdir  := $(PREFIX)/libexec/git-build
mandir      := $(PREFIX)/share/man
docdir      := $(PREFIX)/share/doc/git-build
bashcompdir := $(PREFIX)/share/bash-completion/completions
zshcompdir  := $(PREFIX)/share/zsh/site-functions
fishcompdir := $(PREFIX)/share/fish/vendor_completions.d

PKGS     := libgit2 zlib libcrypto yajl uuid libpcre2-8 libidn2
WARNINGS := -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes -Wvla \
            -Wformat=2 -Wpointer-arith
CFLAGS   ?= -O2 -g
ALL_CFLAGS = -std=c11 $(WARNINGS) $(WERROR) $(CFLAGS) -fstack-protector-strong \
             $(if $(SANITIZE),-fsanitize=$(SANITIZE) -fno-sanitize-recover=all -fno-omit-frame-pointer)
ALL_CPPFLAGS = -D_GNU_SOURCE -Isrc -Igit-build -Itests -I$(BUILD)/gen \
               $(shell pkg-config --cflags $(PKGS)) $(CPPFLAGS)
LDLIBS   = $(shell pkg-config --libs $(PKGS)) -lpthread $(EXTRA_LDLIBS)
ALL_LDFLAGS = $(LDFLAGS) $(if $(SANITIZE),-fsanitize=$(SANITIZE))
# The library and the programs cannot call the functions listed in banned.h.
$(BUILD)/obj/src/%.o $(BUILD)/obj/git-build/%.o $(BUILD)/obj/hooks/%.o: ALL_CPPFLAGS += -include src/base/banned.h
$(BUILD)/obj/src/base/child.o: ALL_CPPFLAGS += -DMAY_FORK

LIB_SRC  := $(wildcard src/*/*.c)
# The quick program has the subcommands that need no repository (git-build/quick.c).
CMD_SRC  := $(filter-out git-build/quick.c,$(wildcard git-build/*.c git-build/*/*.c))
QUICK_SRC := $(patsubst %,git-build/%.c,quick cli/dispatch cli/command cli/options cli/print cli/listing cli/help \
             $(addprefix documents/,validate schema merge merge-driver))
HOOK_SRC := $(wildcard hooks/*-*.c)
HOOK_OWN := $(filter-out $(HOOK_SRC),$(wildcard hooks/*.c))
UNIT_SRC := $(wildcard tests/unit/*/*.c tests/property/*.c)
BENCH_SRC := $(wildcard tests/bench/*.c)
TORTURE_SRC := $(wildcard tests/torture/*.c)
FAULT_SRC := $(wildcard tests/faults/*.c) $(wildcard tests/kill/*.c)
FUZZ_SRC := $(wildcard tests/fuzz/*.c)
E2E      := $(wildcard tests/e2e/*.bats) $(wildcard tests/torture/*.bats)
MAN_SRC  := $(wildcard docs/man/*.scd)

EMBEDDED := $(wildcard src/schema/meta/*.json src/schema/builtin/*.json) src/view/page.css \
            git-build/setup/demo.sh
LIB      := $(BUILD)/libgit-build.a
HOOKS    := $(HOOK_SRC:hooks/%.c=$(BUILD)/hooks/%)
UNITS    := $(UNIT_SRC:%.c=$(BUILD)/%)
BENCHES  := $(BENCH_SRC:%.c=$(BUILD)/%)
TORTURERS := $(TORTURE_SRC:%.c=$(BUILD)/%)
FUZZERS  := $(FUZZ_SRC:%.c=$(BUILD)/%)
FAULTS   := $(FAULT_SRC:%.c=$(BUILD)/%.so)
MANPAGES := $(MAN_SRC:docs/man/%.scd=$(BUILD)/man/%)
COMPLETIONS := $(addprefix $(BUILD)/completion/,bash zsh fish)

obj = $(1:%.c=$(BUILD)/obj/%.o)

.DELETE_ON_ERROR:
.SECONDARY:
.PHONY: all
all: $(BUILD)/git-build $(BUILD)/git-build-full $(HOOKS) $(MANPAGES)

# Quiet by default; V=1 shows the commands.
Q := $(if $(V),,@)
say = $(if $(V),,@printf '  %-6s %s\n' $(1) '$(2)')

$(BUILD)/obj/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

# Schemas, the page's style and the demo are readable files in the source; here they become part of the library.
$(BUILD)/gen/embedded.c: src/base/embed $(EMBEDDED)
	@mkdir -p $(@D)
	$(call say,EMBED,$@)
	$(Q)src/base/embed $(EMBEDDED) >$@

$(BUILD)/obj/gen/embedded.o: $(BUILD)/gen/embedded.c
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) -c -o $@ $<

$(LIB): $(call obj,$(LIB_SRC)) $(BUILD)/obj/gen/embedded.o
	$(call say,AR,$@)
	$(Q)rm -f $@ && ar rcs $@ $^

$(BUILD)/git-build: private PKGS := $(filter-out libgit2 zlib libcrypto,$(PKGS))
$(BUILD)/git-build: $(call obj,$(QUICK_SRC)) $(LIB) | $(BUILD)/git-build-full
	$(call say,LINK,$@)
	$(Q)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(LDLIBS)

$(BUILD)/git-build-full: $(call obj,$(CMD_SRC)) $(LIB)
	$(call say,LINK,$@)
	$(Q)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(LDLIBS)

# git runs these often: libraries that they do not need are not loaded.
$(BUILD)/hooks/merge-driver: $(BUILD)/hooks/%: $(BUILD)/obj/hooks/%.o $(BUILD)/obj/hooks/discarded.o $(LIB)
$(BUILD)/hooks/prepare-commit-msg $(BUILD)/hooks/reference-transaction: $(BUILD)/hooks/%: \
		$(BUILD)/obj/hooks/%.o $(BUILD)/obj/hooks/hook.o $(BUILD)/obj/hooks/discarded.o $(LIB)
$(BUILD)/hooks/merge-driver $(BUILD)/hooks/prepare-commit-msg $(BUILD)/hooks/reference-transaction:
	@mkdir -p $(@D)
	$(call say,LINK,$@)
	$(Q)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -Wl,--as-needed -o $@ $^ $(LDLIBS)

$(BUILD)/hooks/%: $(BUILD)/obj/hooks/%.o $(call obj,$(HOOK_OWN)) $(LIB)
	@mkdir -p $(@D)
	$(call say,LINK,$@)
	$(Q)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(LDLIBS)

$(BUILD)/tests/unit/% $(BUILD)/tests/property/%: EXTRA_LDLIBS = -lcmocka -lm
$(BUILD)/tests/%: $(BUILD)/obj/tests/%.o $(LIB)
	@mkdir -p $(@D)
	$(call say,LINK,$@)
	$(Q)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(LDLIBS)

# Preloaded into programs, so they must not be linked to a sanitizer's library.
$(FAULTS): $(BUILD)/%.so: %.c Makefile
	@mkdir -p $(@D)
	$(call say,LINK,$@)
	$(Q)$(CC) -D_GNU_SOURCE -std=c11 $(WARNINGS) $(WERROR) $(CFLAGS) -fPIC -shared -o $@ $< -ldl

$(BUILD)/man/%: docs/man/%.scd
	@mkdir -p $(@D)
	$(call say,MAN,$@)
	$(Q)scdoc <$< >$@

$(BUILD)/completion/%: $(BUILD)/git-build
	@mkdir -p $(@D)
	$(Q)$< completion $* >$@

-include $(wildcard $(BUILD)/obj/*/*.d $(BUILD)/obj/*/*/*.d $(BUILD)/obj/*/*/*/*.d)

# ---- tests ----

.PHONY: check check-unit check-e2e
check: all $(UNITS) $(TORTURERS) $(FAULTS) ## run all tests that a contributor should run; ends with "N passed, N failed"
	@tests/run $(UNITS) $(E2E)

check-unit: $(UNITS) ## run only the unit and property tests
	@tests/run $(UNITS)

check-e2e: all $(TORTURERS) $(FAULTS) ## run only the end-to-end tests
	@tests/run $(E2E)

.PHONY: programs
programs: all $(UNITS) $(BENCHES) $(TORTURERS) $(FAULTS) ## compile everything, run nothing

.PHONY: torture
torture: all $(TORTURERS) ## run clients that are killed, disconnected and delayed; TORTURE_OPS, TORTURE_CLIENTS, SEED
	@tests/torture/run

.PHONY: faults
faults: all $(FAULTS) ## make each read of each subcommand fail once; FAULTS_SECONDS for a sample, SEED
	@tests/faults/run

.PHONY: power
power: all ## cut the power of the shared host and of servers under load (as root); POWER_CUTS, SEED
	@tests/power/run

.PHONY: model
model: ## check every state of the protocol's model with spin, and that its mutants are caught
	@tests/model/run

.PHONY: bench
bench: all $(BENCHES) ## run the benchmarks, as ratios to a reference in the same run
	@tests/bench/run

# Fuzzers have their own main and need an instrumented library: a separate build with clang.
FUZZ_SECONDS ?= 60
.PHONY: fuzz fuzz-run
fuzz: ## run each fuzz target for FUZZ_SECONDS (60)
	@$(MAKE) --no-print-directory CC=clang SANITIZE=fuzzer,address,undefined fuzz-run

fuzz-run: $(FUZZERS)
	@tests/fuzz/run $(FUZZ_SECONDS) $(FUZZERS)

.PHONY: conformance
conformance: all $(BUILD)/tests/conformance/conformance ## run our JSON Schema cases, and the public ones in SUITE
	@tests/conformance/run $(SUITE)

# ---- style ----

.PHONY: lint format
lint: ## check formatting, layers, headers and words; run cppcheck, shellcheck, gcc and clang
	@tests/lint

format: ## format all C files with clang-format
	clang-format -i $(wildcard src/*/*.[ch] git-build/*.[ch] git-build/*/*.[ch] hooks/*.[ch] tests/*/*.[ch] tests/unit/*/*.[ch])

# ---- installing ----

.PHONY: install uninstall
install: all $(COMPLETIONS) ## install into PREFIX, below DESTDIR; files that are up to date are not touched
	install -d "$(DESTDIR)$(bindir)" "$(DESTDIR)$(libexecdir)" "$(DESTDIR)$(mandir)/man1" \
		"$(DESTDIR)$(docdir)/monitoring" "$(DESTDIR)$(bashcompdir)" "$(DESTDIR)$(zshcompdir)" \
		"$(DESTDIR)$(fishcompdir)"
	install -C -m 755 $(BUILD)/git-build "$(DESTDIR)$(bindir)/git-build"
	install -C -m 755 $(BUILD)/git-build-full $(HOOKS) "$(DESTDIR)$(libexecdir)/"
	install -C -m 644 $(MANPAGES) "$(DESTDIR)$(mandir)/man1/"
	install -C -m 644 README.md LICENSE $(wildcard docs/*.md) "$(DESTDIR)$(docdir)/"
	install -C -m 644 $(wildcard docs/monitoring/*) "$(DESTDIR)$(docdir)/monitoring/"
	install -C -m 644 $(BUILD)/completion/bash "$(DESTDIR)$(bashcompdir)/git-build"
	install -C -m 644 $(BUILD)/completion/zsh "$(DESTDIR)$(zshcompdir)/_git-build"
	install -C -m 644 $(BUILD)/completion/fish "$(DESTDIR)$(fishcompdir)/git-build.fish"

uninstall: ## remove the installed files; shared directories stay
	rm -f "$(DESTDIR)$(bindir)/git-build" "$(DESTDIR)$(bashcompdir)/git-build" \
		"$(DESTDIR)$(zshcompdir)/_git-build" "$(DESTDIR)$(fishcompdir)/git-build.fish"
	rm -f $(foreach page,$(notdir $(MANPAGES)),"$(DESTDIR)$(mandir)/man1/$(page)")
	rm -rf "$(DESTDIR)$(libexecdir)" "$(DESTDIR)$(docdir)"

.PHONY: clean help
clean: ## delete everything that was built
	rm -rf build

help: ## list these targets
	@sed -n 's/^\([a-z][a-z0-9-]*\):[^#]*## /\1\t/p' Makefile | \
		while IFS="$$(printf '\t')" read -r target text; do printf '  %-12s %s\n' "$$target" "$$text"; done
