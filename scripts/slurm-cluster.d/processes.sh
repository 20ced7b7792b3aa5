# Messages, and processes: which run, which belong to a node, how they end. Read by scripts/slurm-cluster.
# shellcheck shell=bash disable=SC2034,SC2153

say() { printf '[%5.2f s] %s\n' "$(bc_seconds)" "$*"; }

die() {
  printf 'slurm-cluster: %s\n' "$*" >&2
  exit 1
}

# Seconds since this script started, without a process for it.
started_us=${EPOCHREALTIME/./}
bc_seconds() {
  local us=$((${EPOCHREALTIME/./} - started_us))
  printf '%d.%02d' $((us / 1000000)) $((us / 10000 % 100))
}

# until_true TENTHS COMMAND...: tries twenty times a second, for TENTHS tenths of a second at most.
until_true() {
  local deadline=$((${EPOCHREALTIME/./} + $1 * 100000))
  shift
  until "$@"; do
    ((${EPOCHREALTIME/./} < deadline)) || return 1
    sleep 0.05
  done
}

# The one-letter state of a process. PID 1 may be slow to reap: what is a zombie has ended, though `kill -0` succeeds.
process_state() {
  local line
  line=$(cat "/proc/$1/stat" 2>/dev/null) || return 1
  line=${line##*) }
  printf '%s' "${line%% *}"
}

is_running() {
  local state
  state=$(process_state "$1") && [[ $state != [ZX] ]]
}

none_running() {
  local pid
  for pid; do
    if is_running "$pid"; then return 1; fi
  done
}

# daemon_pid NAME: the recorded process, if it still is the program that we started. NAME: munged, slurmctld, slurmd.node1, ...
daemon_pid() {
  local pid told
  [[ -s $DIR/run/$1.pid ]] || return 1
  pid=$(<"$DIR/run/$1.pid")
  is_running "$pid" || return 1
  [[ $(cat "/proc/$pid/comm" 2>/dev/null) == "${1%%.*}" ]] || return 1
  # All are told our directory on their command line, except slurmdbd, which has it in the environment.
  told=$(cat "/proc/$pid/cmdline" "/proc/$pid/environ" 2>/dev/null | tr '\0' '\n') || return 1
  [[ $told == *"$DIR/"* ]] || return 1
  printf '%s' "$pid"
}

is_daemon_up() { daemon_pid "$1" >/dev/null; }

# end_daemons NAME...: SIGTERM to all at once, SIGKILL to those that are left after ten seconds.
end_daemons() {
  local name pid pids=()
  for name; do
    if pid=$(daemon_pid "$name"); then pids+=("$pid"); fi
  done
  ((${#pids[@]})) || return 0
  kill -TERM "${pids[@]}" 2>/dev/null || true
  kill -CONT "${pids[@]}" 2>/dev/null || true
  until_true 100 none_running "${pids[@]}" || kill -KILL "${pids[@]}" 2>/dev/null || true
  for name; do rm -f "$DIR/run/$name.pid"; done
}

# node_pids NODE...: all processes of these nodes. The slurmd of a node has a UTS namespace of its own, and whatever it starts is
# born there, daemons too. The kernel may give the number of a namespace that is gone to another: the host name in it must be
# the node's.
node_pids() {
  local all node uts pids
  all=$(find /proc -mindepth 3 -maxdepth 3 -path '/proc/[0-9]*/ns/uts' -printf '%l %h\n' 2>/dev/null) || true
  for node; do
    [[ -s $DIR/run/uts.$node ]] || continue
    uts=$(<"$DIR/run/uts.$node")
    mapfile -t pids < <(awk -v uts="$uts" '$1 == uts { split($2, part, "/"); print part[3] }' <<<"$all")
    ((${#pids[@]})) || continue
    if [[ $(nsenter --target "${pids[0]}" --uts hostname 2>/dev/null) == "$node" ]]; then printf '%s\n' "${pids[@]}"; fi
  done
}

# kill_strays: daemons of ours that are not recorded, since a start was cut off before it could.
kill_strays() {
  local pid file told
  for file in /proc/[0-9]*/comm; do
    [[ $(cat "$file" 2>/dev/null) =~ ^(munged|slurmctld|slurmd|slurmdbd|mariadbd)$ ]] || continue
    pid=${file#/proc/} pid=${pid%/comm}
    told=$(tr '\0' ' ' 2>/dev/null <"/proc/$pid/cmdline") || continue
    if [[ $told == *"$DIR/"* ]]; then kill -KILL "$pid" 2>/dev/null || true; fi
  done
}

# kill_node NODE: SIGKILL to all processes of a node, and to those that they start meanwhile.
kill_node() {
  local pids _
  for _ in 1 2 3 4 5; do
    mapfile -t pids < <(node_pids "$1")
    ((${#pids[@]})) || break
    kill -KILL "${pids[@]}" 2>/dev/null || true
    until_true 20 none_running "${pids[@]}" || true
  done
  rm -f "$DIR/run/uts.$1" "$DIR/run/slurmd.$1.pid"
}
