#!/bin/sh
# Bring what the integration tests talk to: PostgreSQL, Redis, Chromium, Asterisk, a C compiler, and the
# Realtime server of others that our client is tried against.
# As root on Debian or Ubuntu it installs them; elsewhere it names the command.
set -eu
want=""
[ -n "$(ls /usr/lib/postgresql/*/bin/initdb 2>/dev/null || command -v initdb || true)" ] || want="$want postgresql"
command -v redis-server >/dev/null 2>&1 || want="$want redis-server"
command -v chromium >/dev/null 2>&1 || want="$want chromium"
command -v cc >/dev/null 2>&1 || want="$want gcc libc6-dev"
command -v npm >/dev/null 2>&1 || want="$want nodejs npm"
want_peers() {
  sh "$(dirname "$0")/install_peers.sh" || [ "${CI:-}" != true ]
}
want_asterisk() {
  sh "$(dirname "$0")/../tests/integration/asterisk/rootfs.sh" >/dev/null || [ "${CI:-}" != true ]
}
if [ -z "$want" ]; then
  want_asterisk
  want_peers
  exit
fi
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq
  apt-get install -y -qq --no-install-recommends $want >/dev/null
else
  echo "Tests that need them are skipped. To run them: apt-get install$want"
  [ "${CI:-}" != true ] || exit 1
fi
want_asterisk
want_peers
