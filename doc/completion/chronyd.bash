# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Completion of chronyd for bash. A test compares it with the usage text of chronyd.

_chronyd()
{
    local words options current=${COMP_WORDS[COMP_CWORD]}

    options="-4 -6 -f -n -d -l -L -p -q -Q -r -R -s -t -u -U -F -P -m -x -N --check -v --version -h --help"
    COMPREPLY=()
    case ${COMP_WORDS[COMP_CWORD - 1]} in
    -f | -l)
        compopt -o default
        return
        ;;
    -u) words=$(compgen -u -- "$current") ;;
    -L) words="-1 0 1 2 3" ;;
    -F) words="-2 -1 0 1 2" ;;
    -t | -P | -N) return ;;
    *) words=$options ;;
    esac
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
}

complete -F _chronyd chronyd
