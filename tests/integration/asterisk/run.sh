#!/bin/sh
# run.sh ROOT FOLDER NAME: become an Asterisk that sees FOLDER as /mnt, and dies with its parent.
set -eu
exec setpriv --pdeathsig KILL unshare --mount --propagation private sh -c '
  set -eu
  mount -t proc proc "$1/proc"
  mount --rbind /dev "$1/dev"
  mount --bind "$2" "$1/mnt"
  touch "$1/etc/hosts"
  mount --bind "$2/hosts" "$1/etc/hosts"
  exec chroot "$1" /usr/sbin/asterisk -f -C "/mnt/$3/etc/asterisk.conf"
' run.sh "$1" "$2" "$3"
