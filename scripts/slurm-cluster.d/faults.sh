# Breaking and mending a live cluster: nodes, slurmctld, Prolog, Epilog, submit limits. Read by scripts/slurm-cluster.
# shellcheck shell=bash disable=SC2034,SC2153

# signal_nodes SIGNAL NODE...
signal_nodes() {
  local signal=$1 pids
  shift
  mapfile -t pids < <(node_pids "$@")
  if ((${#pids[@]})); then kill "-$signal" "${pids[@]}" 2>/dev/null || true; fi
}

cmd_node() {
  local verb=${1-} node=${2-}
  load_settings
  [[ $verb =~ ^(start|stop|crash|freeze|thaw|cut|join|down|resume|pids)$ ]] || bad_usage "node: say start, stop, crash, freeze, thaw, cut, join, down, resume or pids, and which node"
  require_node "$node"
  case $verb in
    start) start_node "$node" ;;
    stop) end_daemons "slurmd.$node" ;;
    crash)
      kill_node "$node"
      echo "$EPOCHSECONDS" >"$DIR/run/crashed.$node"
      ;;
    freeze) signal_nodes STOP "$node" ;;
    thaw) signal_nodes CONT "$node" ;;
    cut) set_cable "$node" down ;;
    join) set_cable "$node" up ;;
    down) scontrol update "nodename=$node" state=down reason=slurm-cluster ;;
    resume) resume_node "$node" ;;
    pids) node_pids "$node" ;;
  esac
}

set_cable() {
  [[ $NETNS == yes ]] || die 'the nodes of this cluster have no cables; for that, start it with: scripts/slurm-cluster up --netns'
  ip link set "$BRIDGE${1#node}" "$2"
}

start_node() {
  local restarted='' since
  if ! is_daemon_up "slurmd.$1"; then
    if [[ -e $DIR/run/crashed.$1 ]]; then
      # Slurm sees that a machine was restarted if it started in a later second than the one in which it was last heard: on a
      # busy machine that may be a moment after the crash.
      until_true 30 is_past "$(($(<"$DIR/run/crashed.$1") + 1))"
      restarted=-b
    fi
    since=$EPOCHSECONDS
    start_slurmd "$1" $restarted
    rm -f "$DIR/run/crashed.$1"
    # Until slurmctld has heard of the start, it may take the node for what it was before.
    until_true 100 is_registered "$1" "$since" || die "$1 does not register; see $DIR/log/slurmd.$1.log"
  fi
  resume_node "$1"
}

is_past() { ((EPOCHSECONDS > $1)); }

# is_registered NODE SECONDS: slurmctld knows of a start of its slurmd since then.
is_registered() {
  local seen
  seen=$(timeout 5 scontrol show node -o "$1" 2>/dev/null | grep -o 'SlurmdStartTime=[0-9T:-]*') || return 1
  seen=$(date -d "${seen#*=}" +%s 2>/dev/null) || return 1
  ((seen >= $2))
}

# Slurm leaves a node that was drained, or that it finds restarted, out of service until it is told; and forgets what it was
# told if the node's word comes later.
try_resume() {
  node_is_used "$1" && return 0
  scontrol update "nodename=$1" state=resume 2>/dev/null || true
  sleep 0.1
  node_is_used "$1"
}

resume_node() { until_true 200 try_resume "$1" || die "$1 does not come back: $(sinfo -h -N -n "$1" -p debug -o '%T, %E')"; }

cmd_ctld() {
  local pid=''
  load_settings
  [[ ${1-} =~ ^(freeze|thaw|stop|start)$ ]] || bad_usage "ctld: say freeze, thaw, stop or start"
  case $1 in
    stop) end_daemons slurmctld ;;
    start)
      is_daemon_up slurmctld || start_slurmctld
      until_true 100 slurmctld_answers || die 'slurmctld does not answer'
      ;;
    *)
      pid=$(daemon_pid slurmctld) || die 'slurmctld does not run'
      if [[ $1 == freeze ]]; then kill -STOP "$pid"; else kill -CONT "$pid"; fi
      ;;
  esac
}

cmd_prolog() {
  load_settings
  [[ ${1-} =~ ^(fail|ok)$ ]] || bad_usage 'prolog: say fail or ok'
  require_node "${2-}"
  if [[ $1 == fail ]]; then
    touch "$DIR/faults/prolog-$2"
  else
    rm -f "$DIR/faults/prolog-$2"
    resume_node "$2"
  fi
}

# set_fault NAME VALUE: whole at once, since a node may be reading it.
set_fault() {
  echo "$2" >"$DIR/faults/.$1"
  mv "$DIR/faults/.$1" "$DIR/faults/$1"
}

cmd_epilog() {
  load_settings
  if [[ ${1-} == off ]]; then
    rm -f "$DIR/faults/epilog"
  else
    [[ ${1-} =~ ^[0-9]+$ ]] || bad_usage 'epilog: say how many seconds, or off'
    set_fault epilog "$1"
  fi
}

cmd_submit_limit() {
  load_settings
  if [[ ${1-} == off ]]; then
    rm -f "$DIR/faults/submit-limit"
  else
    [[ ${1-} =~ ^[0-9]+$ ]] || bad_usage 'submit-limit: say how many jobs, or off'
    set_fault submit-limit "$1"
  fi
}

cmd_reset() {
  local node pid
  load_settings
  rm -f "$DIR"/faults/*
  if pid=$(daemon_pid slurmctld); then kill -CONT "$pid"; fi
  cmd_ctld start
  # shellcheck disable=SC2046
  signal_nodes CONT $(node_names)
  for node in $(node_names); do
    if [[ $NETNS == yes ]]; then set_cable "$node" up; fi
    is_daemon_up "slurmd.$node" || start_node "$node"
  done
  if ! all_nodes_used; then
    for node in $(node_names); do resume_node "$node"; done
  fi
  say 'all nodes are in service'
}
