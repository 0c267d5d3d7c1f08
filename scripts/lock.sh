#!/bin/sh
# Resolve the dependencies of pyproject.toml into requirements/*.txt: hashes, no index address.
set -eu
uv=$1
compile() { "$uv" pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header "$@"; }
compile requirements/build.in -o requirements/build.txt
compile pyproject.toml -o requirements/base.txt
compile pyproject.toml --extra practice -o requirements/run.txt
compile pyproject.toml --extra practice --group dev -o requirements/dev.txt
compile --group bench -o requirements/bench.txt
