# Starting the daemons: munged, slurmctld, one slurmd a node. Read by scripts/slurm-cluster.
# shellcheck shell=bash disable=SC2034,SC2153

# Daemons get a bare environment and none of our files: not the lock, not the terminal.
bare() { env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C SLURM_CONF="$SLURM_CONF" "$@" </dev/null 9>&-; }

has_content() { [[ -s $1 ]]; }

start_munged() {
  local home=$DIR/munge
  [[ -s $home/key ]] || (umask 077 && head -c 1024 /dev/urandom >"$home/key")
  chown munge:munge "$home/key"
  rm -f "$home"/run/*
  bare setpriv --reuid munge --regid munge --clear-groups munged --key-file="$home/key" --socket="$home/run/munge.socket" \
    --pid-file="$home/run/munged.pid" --log-file="$home/log/munged.log" --seed-file="$home/log/munge.seed" --num-threads=4
  until_true 50 has_content "$home/run/munged.pid" || die "munged did not start: $(tail -n 3 "$home/log/munged.log")"
  cp "$home/run/munged.pid" "$DIR/run/munged.pid"
}

# In a UTS namespace of its own: slurmctld insists on the host name that is in SlurmctldHost.
start_slurmctld() {
  local output
  rm -f "$DIR/run/ctld/slurmctld.pid"
  # shellcheck disable=SC2016
  output=$(bare unshare --uts sh -c 'hostname slurmctl && exec slurmctld -f "$1"' _ "$SLURM_CONF" 2>&1) || die "slurmctld: $output"
  until_true 50 has_content "$DIR/run/ctld/slurmctld.pid" ||
    die "slurmctld did not start: $(tail -n 5 "$DIR/log/ctld/slurmctld.log")"
  cp "$DIR/run/ctld/slurmctld.pid" "$DIR/run/slurmctld.pid"
}

slurmctld_answers() { [[ $(timeout 10 scontrol ping 2>/dev/null) == *' is UP'* ]]; }

# start_slurmd NODE [-b]: in namespaces of its own, so that `hostname` in a job says NODE and /etc/hosts is the nodes'.
# With -b it reports that the machine was started anew, so that Slurm does not wait for the jobs that were there.
start_slurmd() {
  local node=$1 restarted=${2-} output netns=()
  install -d -m 755 "$DIR/spool/$node"
  rm -f "$DIR/run/slurmd.$node.pid"
  [[ $NETNS == no ]] || netns=(nsenter "--net=/run/netns/$BRIDGE-${node#node}")
  # shellcheck disable=SC2016
  output=$(bare "${netns[@]}" unshare --uts --mount --propagation slave sh -c '
    hostname "$1" && mount --bind "$2/etc/hosts" /etc/hosts && cd / && exec slurmd $3 -N "$1" -f "$2/etc/slurm.conf"' \
    _ "$node" "$DIR" "$restarted" 2>&1) || die "slurmd of $node: $output"
  until_true 50 has_content "$DIR/run/slurmd.$node.pid" ||
    die "slurmd of $node did not start: $(tail -n 5 "$DIR/log/slurmd.$node.log")"
  readlink "/proc/$(<"$DIR/run/slurmd.$node.pid")/ns/uts" >"$DIR/run/uts.$node"
}

# node_is_used NODE: Slurm starts jobs there.
node_is_used() {
  local state
  state=$(timeout 5 sinfo -h -N -p debug -n "$1" -o %T 2>/dev/null)
  [[ $state =~ ^(idle|mixed|allocated|completing)$ ]]
}

all_nodes_used() {
  local used
  used=$(timeout 5 sinfo -h -N -p debug -o %T 2>/dev/null | grep -cxE 'idle|mixed|allocated|completing') || true
  ((used == NODES))
}
