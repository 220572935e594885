# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# A Debian root of its own for tests of the package, without touching this machine: make_root, prepare_root, in_root,
# build_package. All need root; whoever sources this runs in a mount namespace of his own, which takes the mounts away at its end.

# Ends the test as skipped (test/run, test/all).
skip() {
    echo "SKIP $*"
    exit 77
}

fail() {
    echo "$0: $*" >&2
    exit 1
}

# Runs the calling script again in a mount namespace of its own: own_mounts "$@"
own_mounts() {
    [ "$(id -u)" = 0 ] || skip "$0 needs root, for a root directory of its own"
    [ -z "${OWN_MOUNTS:-}" ] || return 0
    unshare --mount true 2> /dev/null || skip "$0: mount namespaces are not allowed here"
    OWN_MOUNTS=1 exec unshare --mount --propagation private "$0" "$@"
}

# The release that runs here, such as bookworm; empty if this is not Debian.
own_release() {
    # shellcheck source=/dev/null
    (. /etc/os-release && [ "$ID" = debian ] && echo "$VERSION_CODENAME")
}

# This machine's own files, on which changes are laid in memory. What may be installed here meanwhile must not be seen there.
overlay_root() {
    mkdir -p "$1/memory" "$1/root"
    mount -t tmpfs -o size=2G holdover-test "$1/memory" 2> /dev/null || return 1
    mkdir "$1/memory/upper" "$1/memory/work"
    mount -t overlay -o "lowerdir=/,upperdir=$1/memory/upper,workdir=$1/memory/work" holdover-test "$1/root" 2> /dev/null &&
        cp -a /var/lib/dpkg "$1/memory/" && mount --bind "$1/memory/dpkg" "$1/root/var/lib/dpkg"
}

# make_root FOLDER RELEASE: FOLDER/root is the root of a system with that release.
make_root() {
    if [ "$2" = "$(own_release)" ] && overlay_root "$1"; then
        echo "root: this machine's files, with changes kept in memory"
    elif command -v mmdebstrap > /dev/null; then
        mkdir -p "$1"
        mmdebstrap --mode=root --variant=apt "$2" "$1/root" http://deb.debian.org/debian
    elif command -v debootstrap > /dev/null; then
        mkdir -p "$1"
        debootstrap --variant=minbase "$2" "$1/root" http://deb.debian.org/debian
    else
        skip "overlayfs is not allowed here, and neither mmdebstrap nor debootstrap is installed"
    fi
}

# in_root FOLDER COMMAND...: without the right to set the clock, which is this machine's.
in_root() {
    local root=$1/root

    shift
    env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive \
        ${DEB_BUILD_OPTIONS:+DEB_BUILD_OPTIONS="$DEB_BUILD_OPTIONS"} \
        setpriv --bounding-set=-sys_time --inh-caps=-sys_time chroot "$root" "$@"
}

# prepare_root FOLDER: what programs expect, and no service is started by the installation of its package.
prepare_root() {
    local root=$1/root present

    mount --rbind /dev "$root/dev"
    mount -t proc proc "$root/proc"
    mount -t tmpfs -o mode=755 run "$root/run"
    # Name servers: /run is empty now, and the file may be a link to there.
    rm -f "$root/etc/resolv.conf"
    cat /etc/resolv.conf > "$root/etc/resolv.conf"
    printf '#!/bin/sh\nexit 101\n' > "$root/usr/sbin/policy-rc.d"
    chmod 755 "$root/usr/sbin/policy-rc.d"
    # Images for containers throw packages away after they are downloaded, and leave manual pages out.
    rm -f "$root/etc/apt/apt.conf.d/docker-clean" "$root/etc/dpkg/dpkg.cfg.d/docker"
    in_root "$1" apt-get -qq -o APT::Update::Error-Mode=any update || skip "lists of packages cannot be downloaded"
    # Not what this machine has by chance. apt-get does nothing at all if it does not know one of the names.
    # shellcheck disable=SC2016 # for dpkg-query
    mapfile -t present < <(in_root "$1" dpkg-query -W -f '${db:Status-Status} ${Package}\n' chrony holdover ntpsec \
        systemd-timesyncd openntpd 2> /dev/null | sed -n '/^not-installed/d; s/.* //p')
    [ ${#present[@]} = 0 ] || in_root "$1" apt-get -qq purge -y "${present[@]}" > /dev/null ||
        echo "cannot be purged: ${present[*]}"
}

# build_package FOLDER: makes the package in the root, and leaves it in FOLDER/root/root.
build_package() {
    local top=$2

    mkdir -p "$1/root/root/source"
    (cd "$top" && git -c safe.directory="*" ls-files -z | tar -c --null -T -) | tar -x -C "$1/root/root/source"
    in_root "$1" sh -c 'command -v make > /dev/null || apt-get install -qq -y make > /dev/null' &&
        in_root "$1" make -C /root/source deb &&
        mv "$1"/root/root/source/holdover_*.deb "$1/root/root/"
}
