# SPDX-License-Identifier: Apache-2.0
#
# Without cgo the program is static. -trimpath and an empty build id: the same bytes anywhere.
.PHONY: examples
examples: $(B)/examples/go/server

$(B)/examples/go/server: examples/go/main.go examples/go/go.mod examples/go/build.mk
	@mkdir -p $(@D)
	@printf '  %-5s %s\n' GO $@
	$(if $(V),,@)cd examples/go && CGO_ENABLED=0 GOCACHE=$(abspath $(B))/go-cache GOFLAGS=-mod=mod \
	    go build -trimpath -buildvcs=false -ldflags=-buildid= -o $(abspath $@) .
