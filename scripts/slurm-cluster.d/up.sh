# `up`: from nothing, or from whatever is there, to a cluster whose nodes all answer. Read by scripts/slurm-cluster.
# shellcheck shell=bash disable=SC2034,SC2153

number_option() { [[ ${2-} =~ ^[1-9][0-9]{0,5}$ ]] || bad_usage "$1 needs a number"; }

parse_up() {
  default_settings
  SLOW_EPILOG='' FAILING_PROLOG=''
  while (($#)); do
    case $1 in
      --nodes) number_option "$@"; NODES=$2; shift ;;
      --cpus) number_option "$@"; CPUS=$2; shift ;;
      --memory) number_option "$@"; MEMORY=$2; shift ;;
      --port-base) number_option "$@"; PORT_BASE=$2; shift ;;
      --slow-epilog) number_option "$@"; SLOW_EPILOG=$2; shift ;;
      --failing-prolog) [[ -n ${2-} ]] || bad_usage "$1 needs a node"; FAILING_PROLOG=$2; shift ;;
      --user) [[ ${2-} =~ ^[a-z_][a-z0-9_-]*$ && $2 != root ]] || bad_usage "$1 needs the name of an ordinary user"; SUBMITTER=$2; shift ;;
      --conf) [[ -n ${2-} ]] || bad_usage "$1 needs a line of slurm.conf"; EXTRA+=("$2"); shift ;;
      --netns) NETNS=yes ;;
      --cgroup) CGROUP=yes ;;
      --dbd) DBD=yes ;;
      *) bad_usage "up has no option $1" ;;
    esac
    shift
  done
  ((NODES <= 250)) || bad_usage '--nodes: at most 250'
  ((PORT_BASE >= 1024 && PORT_BASE <= 64000)) || bad_usage '--port-base: 1024 to 64000'
  [[ -z $FAILING_PROLOG ]] || require_node "$FAILING_PROLOG"
}

cmd_up() {
  parse_up "$@"
  install -d -m 755 "$DIR" "$DIR/etc" "$DIR/run" "$DIR/log"
  exec 9>"$DIR/lock"
  flock -w 120 9 || die "another slurm-cluster has been at work in $DIR for two minutes"

  if [[ -s $DIR/settings && $(settings_text) == "$(<"$DIR/settings")" ]] && core_is_up; then
    refresh
  else
    if [[ -e $DIR/settings ]]; then
      say 'another or a broken cluster is here: taking it down first'
      (take_down)
    fi
    install_packages
    start_all
  fi
  [[ -z $SLOW_EPILOG ]] || cmd_epilog "$SLOW_EPILOG"
  [[ -z $FAILING_PROLOG ]] || cmd_prolog fail "$FAILING_PROLOG"
  exec 9>&-
}

core_is_up() {
  is_daemon_up munged || return 1
  [[ $DBD == no ]] || { is_daemon_up mariadbd && is_daemon_up slurmdbd; } || return 1
  slurmctld_answers
}

# The same cluster, and it answers: only what is new in slurm.conf, and nodes that are missing.
refresh() {
  local node did=()
  if write_configuration; then
    end_daemons slurmctld
    start_slurmctld
    until_true 100 slurmctld_answers || die "slurmctld does not answer; see $DIR/log/ctld/slurmctld.log"
    scontrol reconfigure
    until_true 100 all_nodes_used || true
    did+=('configuration')
  fi
  for node in $(node_names); do
    if ! is_daemon_up "slurmd.$node"; then
      start_node "$node"
      did+=("$node")
    fi
  done
  if ((${#did[@]})); then say "up again: ${did[*]}"; else say 'already up'; fi
}

start_all() {
  local node
  prepare_directories
  if ! id "$SUBMITTER" >/dev/null 2>&1; then useradd --create-home --shell /bin/bash "$SUBMITTER"; fi
  add_network
  add_hosts
  write_configuration || true
  link_configuration
  settings_text >"$DIR/settings"
  start_munged
  [[ $DBD == no ]] || start_accounting
  start_slurmctld
  for node in $(node_names); do start_slurmd "$node"; done
  until_true 300 all_nodes_used || die "not all nodes came up: $(sinfo -h -N -p debug -o '%N %T' | tr '\n' ' '); see $DIR/log"
  say "up: $NODES nodes, user $SUBMITTER, SLURM_CONF=$SLURM_CONF"
}

prepare_directories() {
  local k
  rm -rf "$DIR/log" "$DIR/run" "$DIR/faults"
  install -d -m 755 "$DIR/log" "$DIR/run" "$DIR/spool" "$DIR/dev" "$DIR/faults" "$DIR/munge"
  install -d -m 755 -o slurm -g slurm "$DIR/state" "$DIR/log/ctld" "$DIR/run/ctld"
  install -d -m 700 -o munge -g munge "$DIR/munge/log"
  install -d -m 755 -o munge -g munge "$DIR/munge" "$DIR/munge/run"
  for k in 0 1 2 3; do
    [[ -e $DIR/dev/gpu$k ]] || mknod -m 666 "$DIR/dev/gpu$k" c 1 3
  done
}

# So that a plain `sbatch` finds us. A configuration that is not ours stays.
link_configuration() {
  install -d -m 755 /etc/slurm
  if [[ ! -e /etc/slurm/slurm.conf ]]; then ln -sfn "$SLURM_CONF" /etc/slurm/slurm.conf; fi
}

install_packages() {
  local package policy=/usr/sbin/policy-rc.d made_policy='' missing=() wanted=(slurmctld slurmd slurm-client munge)
  [[ $NETNS == no ]] || wanted+=(iproute2)
  [[ $DBD == no ]] || wanted+=(slurmdbd slurm-wlm-mysql-plugin mariadb-server)
  for package in "${wanted[@]}"; do
    dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed || missing+=("$package")
  done
  ((${#missing[@]})) || return 0
  command -v apt-get >/dev/null || die "missing: ${missing[*]}; only on Debian can they be installed from here"
  say "installing ${missing[*]}"
  # The packages must not start services of their own.
  if [[ ! -e $policy ]]; then
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 755 "$policy"
    made_policy=yes
  fi
  local failed=''
  { apt-get -q update && DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-install-recommends \
    -o DPkg::Lock::Timeout=120 -o DPkg::Options::=--force-confold install "${missing[@]}"; } \
    >"$DIR/log/apt.log" 2>&1 </dev/null 9>&- || failed=yes
  [[ -z $made_policy ]] || rm -f "$policy"
  [[ -z $failed ]] || die "the packages could not be installed: $(tail -n 5 "$DIR/log/apt.log")"
  say 'installed'
}
