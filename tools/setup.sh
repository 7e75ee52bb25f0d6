# What a machine needs to build and test gradus, how to get it, and build folders. Sourced by quickstart and check; runs with nothing but a POSIX
# shell and coreutils.
# shellcheck shell=sh

export LC_ALL=C

# shellcheck disable=SC2034 # used where this is sourced
release_packages='gcc libc6-dev meson ninja-build pkg-config zlib1g-dev libjsmn-dev g++ libbenchmark-dev'

has_command() { command -v "$1" >/dev/null 2>&1; }

# A header the compiler finds, or, before there is a compiler, one where distributions put it.
has_header() {
    if has_command gcc; then
        printf '#include <%s>\n' "$1" | gcc -E -x c - >/dev/null 2>&1
    else
        [ -e "/usr/include/$1" ] || [ -e "/usr/local/include/$1" ]
    fi
}

# Whether what a Debian package is wanted for is there, wherever it comes from.
has_package() {
    case $1 in
    libc6-dev) has_header stdio.h ;;
    zlib1g-dev) has_header zlib.h ;;
    libjsmn-dev) has_header jsmn.h ;;
    libcriterion-dev) has_header criterion/criterion.h ;;
    libbenchmark-dev) has_command pkg-config && pkg-config --exists benchmark ;;
    libmpfr-dev) has_header mpfr.h ;;
    libsimde-dev) has_header simde/simde-common.h ;;
    meson) meson --version 2>/dev/null | awk -F. '{ found = 1; exit !($1 >= 1) } END { if (!found) exit 1 }' ;;
    ninja-build) ninja --version >/dev/null 2>&1 ;;
    python3) python3 -c 'import sys; sys.exit(sys.version_info < (3, 7))' >/dev/null 2>&1 ;;
    gcc-aarch64-linux-gnu) has_command aarch64-linux-gnu-gcc ;;
    libc6-dev-arm64-cross) [ -e /usr/aarch64-linux-gnu/include/stdio.h ] ;;
    qemu-user-static) has_command qemu-aarch64-static ;;
    binutils) has_command objdump && has_command nm && has_command readelf ;;
    *) has_command "$1" ;;
    esac
}

missing_packages() {
    missing=
    for package in "$@"; do
        case " $missing " in *" $package "*) continue ;; esac
        has_package "$package" || missing="$missing $package"
    done
    missing=${missing# }
}

# apt_get ARGUMENT...: as root, quietly; $as is empty or sudo.
apt_get() {
    # shellcheck disable=SC2086 # $as is a command with its flag
    $as env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o Dpkg::Use-Pty=0 "$@" </dev/null
}

install_missing() {
    # A stale package list may name files that are gone: refresh it first; a mirror may hiccup: try twice. Without a network the list on disk may do.
    for attempt in 1 2; do
        apt_get update || echo "apt-get update failed ($attempt)"
        # shellcheck disable=SC2086 # a list of packages
        apt_get install --no-install-recommends $missing && return 0
    done
    return 1
}

# need PACKAGE...: makes sure that what these Debian packages give is there; installs what is missing, or says what to install and ends the script.
need() {
    missing_packages "$@"
    [ -n "$missing" ] || return 0
    echo "missing: $missing"
    if ! has_command apt-get; then
        echo "This system has no apt-get. Please install what these Debian packages hold, by your system's own means, then run $0 again:"
        echo "  $missing   (meson from 1.0 on, gcc from 12 on)"
        exit 1
    fi
    as=
    if [ "$(id -u)" != 0 ]; then
        if has_command sudo && sudo -n true 2>/dev/null; then
            as='sudo -n'
        else
            echo "Neither root nor sudo without a password: please run this, then $0 again:"
            echo "  sudo apt-get install --no-install-recommends $missing"
            exit 1
        fi
    fi
    echo "installing them with apt-get ..."
    setup_log=$(mktemp) || exit 1
    if ! install_missing >"$setup_log" 2>&1; then
        tail -n 20 "$setup_log"
        rm -f "$setup_log"
        echo "apt-get could not install: $missing   (its last lines are above)"
        exit 1
    fi
    rm -f "$setup_log"
    hash -r
    missing_packages "$@"
    [ -n "$missing" ] || return 0
    echo "installed, but not usable: $missing   (gradus needs meson from 1.0 on; another one first in PATH?)"
    exit 1
}

# configure FOLDER OPTION...: a build folder with these meson options. What it was configured with, optional packages
# included, is kept in FOLDER/configured: a folder that fits costs nothing; one of another place (a copied checkout) is made anew.
configure() {
    build_folder=$1
    shift
    place=$(pwd)
    wanted="$*"
    for optional in libcriterion-dev libsimde-dev libbenchmark-dev; do
        ! has_package $optional || wanted="$wanted $optional"
    done
    if [ -f "$build_folder/configured" ] && [ "$(head -n 1 "$build_folder/configured")" != "$place" ]; then rm -rf "$build_folder"; fi
    if [ ! -f "$build_folder/build.ninja" ]; then
        [ ! -d "$build_folder/meson-private" ] || rm -rf "$build_folder" # a set-up that was cut short
        meson setup "$build_folder" "$@" || return 1
    elif [ "$(tail -n 1 "$build_folder/configured" 2>/dev/null)" != "$wanted" ]; then
        meson setup --reconfigure "$build_folder" "$@" || return 1
    fi
    printf '%s\n%s\n' "$place" "$wanted" >"$build_folder/configured"
}
