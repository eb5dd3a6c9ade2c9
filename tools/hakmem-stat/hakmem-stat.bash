# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Completion of hakmem-stat for bash; installed under the command's name.

_hakmem_stat()
{
	local cur=$2 prev=$3 word view=()
	local options='--all --user --cgroup --classes --threads --pool --map
		--svg --rss --top --json --prometheus --to --raw --noheadings
		--bytes --output --list-columns --color --procfs --help
		--version'

	COMPREPLY=()
	case $prev in
	-u | --user)
		mapfile -t COMPREPLY < <(compgen -u -- "$cur")
		return
		;;
	-g | --cgroup)
		return
		;;
	--svg | --to)
		mapfile -t COMPREPLY < <(compgen -f -- "$cur")
		return
		;;
	--procfs)
		mapfile -t COMPREPLY < <(compgen -d -- "$cur")
		return
		;;
	-o | --output)
		# the columns of the view chosen so far, behind what stands there
		for word in "${COMP_WORDS[@]}"; do
			case $word in
			-c | -t | -p | -r) view=("$word") ;;
			--classes | --threads | --pool | --rss)
				view=("$word")
				;;
			esac
		done
		local front=''
		case $cur in
		*,*) front=${cur%,*}, ;;
		+*) front=+ ;;
		esac
		mapfile -t COMPREPLY < <(compgen -P "$front" -W "$(
			"${COMP_WORDS[0]}" "${view[@]}" --list-columns \
				2>/dev/null | cut -d' ' -f1)" -- "${cur#"$front"}")
		compopt -o nospace 2>/dev/null
		return
		;;
	esac
	case $cur in
	--color=*)
		mapfile -t COMPREPLY < <(compgen -P --color= \
			-W 'auto always never' -- "${cur#--color=}")
		;;
	-*)
		mapfile -t COMPREPLY < <(compgen -W "$options" -- "$cur")
		;;
	*)
		if [[ ${COMP_WORDS[1]} == report ]]; then
			mapfile -t COMPREPLY < <(compgen -f -- "$cur")
			return
		fi
		# what has the library, by number and by name
		mapfile -t COMPREPLY < <(compgen -W "record report $(
			"${COMP_WORDS[0]}" -R -n -o PID,NAME 2>/dev/null)" \
			-- "$cur")
		;;
	esac
} &&
	complete -F _hakmem_stat hakmem-stat
