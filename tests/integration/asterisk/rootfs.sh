#!/bin/sh
# Build the root file system that holds the tests' Asterisk, once; print its path.
#
# It lies outside the work tree (OPENDEEP_ASTERISK_ROOT names another place) and is built anew when
# this recipe or the version it must hold changes. Debian's stable releases have no Asterisk, sid has.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=${OPENDEEP_ASTERISK_ROOT:-${XDG_CACHE_HOME:-$HOME/.cache}/opendeep/asterisk}
recipe=$(sha256sum "$here/rootfs.sh" | cut -c1-16)
packages=asterisk,asterisk-modules,asterisk-core-sounds-en-gsm,asterisk-core-sounds-en-wav

is_built() { [ "$(cat "$root/.recipe" 2>/dev/null)" = "$recipe" ] && chroot "$root" asterisk -V >/dev/null 2>&1; }

if is_built; then
  echo "$root"
  exit 0
fi
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null 2>&1; then
  echo "The tests' Asterisk needs Debian or Ubuntu and root: sudo make asterisk" >&2
  exit 1
fi
mkdir -p "$(dirname "$root")"
exec 9>"$root.lock"
flock 9  # Two test runs at once must build it once.
if is_built; then
  echo "$root"
  exit 0
fi
if ! command -v mmdebstrap >/dev/null 2>&1; then
  export DEBIAN_FRONTEND=noninteractive
  { apt-get update -qq && apt-get install -y -qq --no-install-recommends mmdebstrap; } >&2
fi
mirror=$(
  cat /etc/apt/sources.list /etc/apt/sources.list.d/debian.sources 2>/dev/null |
    sed -n -E 's/^(URIs:|deb( \[[^]]*\])?) *(https?:[^ ]*).*/\3/p' | head -n 1
)
rm -rf "$root" "$root.new"
# A mirror frozen in time is past its date of expiry, which says nothing about its packages.
mmdebstrap --quiet --variant=minbase --aptopt='Acquire::Check-Valid-Until "false"' \
  --include="$packages" sid "$root.new" "deb ${mirror:-http://deb.debian.org/debian} sid main" >&2
chroot "$root.new" asterisk -V | grep -Eq '^Asterisk 2[2-9]\.' ||
  { echo "The tests need Asterisk 22 or later." >&2; exit 1; }
echo "$recipe" >"$root.new/.recipe"
mv "$root.new" "$root"
echo "$root"
