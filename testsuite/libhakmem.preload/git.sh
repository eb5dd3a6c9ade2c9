#!/bin/sh
# SPDX-License-Identifier: MIT
# git: init, commit, branch, merge, gc, fsck, clone; the same hashes.
# { dg-hakmem-timeout "180" }
# shellcheck disable=SC1091,SC2154 # what is sourced is not followed

. "${srcdir:?}/lib/preload.sh"

need git
files=$(pick 40 2000)
export HOME="$work" GIT_CONFIG_NOSYSTEM=1 GIT_PAGER=cat
export GIT_AUTHOR_NAME=A GIT_AUTHOR_EMAIL=a@example.org
export GIT_COMMITTER_NAME=C GIT_COMMITTER_EMAIL=c@example.org
export GIT_AUTHOR_DATE='1700000000 +0000'
export GIT_COMMITTER_DATE='1700000000 +0000'

setup() {
	tree "$files"
}

# A main line and a side branch that change the same files.
history() {
	git init -q -b main . &&
		git config pack.threads 2 && git config gc.auto 0 &&
		git add -A && git commit -q -m 'all files' || return 1
	for round in 1 2 3 4 5 6; do
		find . -name "*$round.txt" -not -path './.git/*' \
			-exec sed -i "s/key$round/changed$round/" {} +
		[ $round -ne 4 ] || git checkout -q -b side HEAD~2 || return 1
		echo "$round" >"only$round" && git add -A &&
			git commit -q -m "round $round" || return 1
	done
	git checkout -q main && git merge -q --no-edit -X ours side
}

questions() {
	git log --stat --format='%H %s' main side &&
		git diff --word-diff HEAD~2 | cksum &&
		git blame "$(git ls-files | grep 'txt$' | head -n 1)" | cksum &&
		git grep -c changed | cksum &&
		git archive --format=tar HEAD | cksum
}

with_git() {
	history && questions &&
		git gc -q --aggressive --prune=now &&
		git rev-list --objects --all | sort | cksum &&
		git fsck --full --strict --no-dangling &&
		git clone -q --no-local . ../clone &&
		git -C ../clone fsck --full --strict &&
		echo "commits: $(git -C ../clone rev-list --all --count)"
	status=$?
	rm -rf ../clone
	# With times, inode numbers, or the order in which threads found deltas.
	rm -rf .git/index .git/gc.log .git/objects/info .git/objects/pack
	return $status
}

same "git" with_git
succeeded "git" 0 '^commits: 8$'
ours git 3000
finish
