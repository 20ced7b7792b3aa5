# `down`: ends the jobs, then exactly what `up` started, and takes back what it added. Read by scripts/slurm-cluster.
# shellcheck shell=bash disable=SC2034,SC2153

cmd_down() {
  local purge=''
  case ${1-} in
    '') ;;
    --purge) purge=yes ;;
    *) bad_usage "down has no option $1" ;;
  esac
  if [[ ! -d $DIR ]]; then
    say 'nothing to take down'
    return
  fi
  exec 9>"$DIR/lock"
  flock -w 120 9 || die "another slurm-cluster has been at work in $DIR for two minutes"
  if [[ -e $DIR/settings ]]; then
    take_down
    say down
  else
    say 'nothing to take down'
  fi
  if [[ -n $purge ]]; then rm -rf "$DIR"; fi
  exec 9>&-
}

no_jobs() { [[ -z $(timeout 5 squeue -h 2>/dev/null) ]]; }

# SIGKILL to all jobs at once, so that nobody waits for KillWait.
end_jobs() {
  local ids
  slurmctld_answers || return 0
  mapfile -t ids < <(timeout 10 squeue -h -o %A | sort -u)
  ((${#ids[@]})) || return 0
  timeout 10 scancel --signal=KILL --full "${ids[@]}" 2>/dev/null || true
  timeout 10 scancel "${ids[@]}" 2>/dev/null || true
  until_true 80 no_jobs || true
}

take_down() {
  local node pid
  load_settings
  if pid=$(daemon_pid slurmctld); then kill -CONT "$pid"; fi
  # shellcheck disable=SC2046
  signal_nodes CONT $(node_names)
  rm -f "$DIR"/faults/*
  end_jobs
  # shellcheck disable=SC2046
  end_daemons $(node_names | sed 's/^/slurmd./')
  for node in $(node_names); do kill_node "$node"; done
  end_daemons slurmctld
  end_daemons slurmdbd
  end_daemons mariadbd
  end_daemons munged
  kill_strays
  remove_network
  remove_hosts
  remove_cgroups
  if [[ $(readlink /etc/slurm/slurm.conf) == "$SLURM_CONF" ]]; then rm -f /etc/slurm/slurm.conf; fi
  # A new cluster counts its jobs from one.
  rm -rf "$DIR/run" "$DIR/state" "$DIR/spool" "$DIR/mariadb" "$DIR/faults" "$DIR/settings"
}

remove_cgroups() {
  local group node
  for node in $(node_names); do
    for group in /sys/fs/cgroup/slurm_"$node" /sys/fs/cgroup/*/slurm_"$node"; do
      if [[ -d $group ]]; then find "$group" -depth -type d -exec rmdir {} + 2>/dev/null || true; fi
    done
  done
}
