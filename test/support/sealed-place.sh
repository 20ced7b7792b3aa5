#!/bin/sh
# A place with the executable and almost nothing else: libc, a few programs of the system, /proc and /dev, and directories to
# write to. Called in a mount namespace of its own: sealed-place.sh ROOT EXECUTABLE SHARED UID GID PROGRAMS READ_ONLY...
# It says `ready` and stays until its stdin ends; then all mounts go with the namespace.
set -eu
PATH=$PATH:/usr/sbin:/sbin
root=$1 executable=$2 shared=$3 uid=$4 gid=$5 programs=$6
shift 6

mount --make-rprivate /
mount -t tmpfs -o mode=755 sealed "$root"
cd "$root"
mkdir -p bin usr etc dev proc tmp mnt home/somebody
ln -s ../bin usr/bin
touch outflow
mount --bind "$executable" outflow

libraries_of() { ldd "$1" 2>/dev/null | grep -o '/[^ ]*' || true; }
copy_libraries() {
  for library in "$@"; do
    [ -e ".$library" ] && continue
    mkdir -p ".${library%/*}"
    cp -L "$library" ".$library"
  done
}

# What a glibc is made of, though some systems have these in one library.
copy_libraries $(libraries_of outflow)
libc=$(libraries_of outflow | grep '/libc\.so')
for name in libdl.so.2 libm.so.6 libnss_files.so.2 libpthread.so.0 libresolv.so.2 librt.so.1 libutil.so.1; do
  if [ -e "${libc%/*}/$name" ]; then copy_libraries "${libc%/*}/$name"; fi
done

for name in $programs; do
  found=$(command -v "$name") && [ -x "$found" ] || found=/usr/bin/$name
  cp -L "$found" "bin/$name"
  copy_libraries $(libraries_of "$found")
done

echo "somebody:x:$uid:$gid::/home/somebody:/bin/sh" >etc/passwd
mount --rbind /dev dev
mount --rbind /proc proc
mount -t tmpfs -o mode=1777 sealed tmp
mount -t tmpfs -o mode=700 sealed home/somebody
[ "$(id -u)" != 0 ] || chown "$uid:$gid" home/somebody
mkdir -p ".$shared"
mount --bind "$shared" ".$shared"
for each in "$@"; do
  mkdir -p ".$each"
  mount --bind "$each" ".$each"
  mount -o remount,bind,ro ".$each"
done
mount -o remount,ro "$root"

exec chroot "$root" /bin/sh -c 'echo ready; exec cat'
