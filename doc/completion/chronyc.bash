# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Completion of chronyc for bash. A test compares it with the command table of chronyc.

# Words that can follow "chronyc COMMAND".
__chronyc_arguments()
{
    case $1 in
    sources | sourcestats | estimator | selectdata | authdata) echo "-a -v" ;;
    add) echo "peer pool server" ;;
    metrics) echo "-p" ;;
    report) echo "--since --until --limit --html --file" ;;
    doctor) echo "-f" ;;
    reload | reset) echo "sources" ;;
    manual) echo "on off delete list reset" ;;
    esac
}

_chronyc()
{
    local commands reports options words current=${COMP_WORDS[COMP_CWORD]} i

    commands="
        tracking clock explain top makestep maxupdateskew waitsync temperature report sources sourcestats estimator
        selectdata selectopts reselect reselectdist offset activity authdata ntpdata add delete burst maxdelay maxdelayratio
        maxdelaydevratio minpoll maxpoll minstratum offline online onoffline polltarget refresh
        reload sourcename manual settime accheck clients serverstats allow deny local smoothtime
        smoothing cmdaccheck cmdallow cmddeny rtcdata trimrtc writertc cyclelogs dump metrics processes xdp
        rekey reset shutdown dns timeout retries keygen watch doctor exit quit
        help"
    reports="
        tracking clock explain temperature sources sourcestats estimator selectdata activity authdata ntpdata
        sourcename manual clients serverstats smoothing rtcdata processes xdp"
    options="-4 -6 -n -N -c -j -e -d -m -h -p -u -w -v --color --version --help"
    COMPREPLY=()

    # The command is the first word that is neither an option nor the argument of one.
    for ((i = 1; i < COMP_CWORD; i++)); do
        case ${COMP_WORDS[i]} in
        --color=*) ;;
        --color)
            # Bash makes = a word of its own.
            [[ ${COMP_WORDS[i + 1]} != = ]] || i=$((i + 1))
            i=$((i + 1))
            ;;
        -*[hpuf]) i=$((i + 1)) ;;
        -*) ;;
        *) break ;;
        esac
    done

    if ((i > COMP_CWORD)); then
        # The argument of an option.
        case ${COMP_WORDS[COMP_CWORD - 1]} in
        --color | =) words="auto always never" ;;
        -*h) words=$(compgen -A hostname -- "$current") ;;
        -*u) words=$(compgen -u -- "$current") ;;
        *) return ;;
        esac
    elif ((i == COMP_CWORD)); then
        words=$commands
        [[ $current != -* ]] || words=$options
    elif [[ ${COMP_WORDS[i]} == watch ]]; then
        words=$reports
        ((i + 1 == COMP_CWORD)) || words=$(__chronyc_arguments "${COMP_WORDS[i + 1]}")
    elif [[ ${COMP_WORDS[i]} == report && ${COMP_WORDS[COMP_CWORD - 1]} == --@(html|file) ]]; then
        mapfile -t COMPREPLY < <(compgen -f -- "$current")
        return
    else
        words=$(__chronyc_arguments "${COMP_WORDS[i]}")
    fi
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
}

complete -F _chronyc chronyc
