# Names and addresses: /etc/hosts, and with --netns a network namespace for each node. Read by scripts/slurm-cluster.
# shellcheck shell=bash disable=SC2034,SC2153

SUBNET=10.77.0
BRIDGE=ofslurm
hosts_mark() { echo "# $DIR (slurm-cluster)"; }

hosts_lines() {
  local k
  for ((k = 1; k <= NODES; k++)); do echo "$(node_address "$k") node$k $(hosts_mark)"; done
  echo "$(login_address) slurmctl $(hosts_mark)"
}

foreign_hosts_lines() { grep -vF "$(hosts_mark)" /etc/hosts || true; }

# Steps talk to each other by host name. The nodes see a file of their own: in it this machine, their login node, has the
# address under which they reach it, and no other cluster has a say.
add_hosts() {
  local rest self
  self=$(hostname)
  rest=$(grep -v '(slurm-cluster)$' /etc/hosts) || true
  [[ $NETNS == no ]] || rest=$(grep -vwF -- "$self" <<<"$rest") || true
  { printf '%s\n' "$rest"; hosts_lines; } >"$DIR/etc/hosts"
  if ! grep -qwF -- "$self" <<<"$rest"; then echo "$(login_address) $self" >>"$DIR/etc/hosts"; fi
  rest=$(foreign_hosts_lines)
  { printf '%s\n' "$rest"; hosts_lines; } >/etc/hosts
}

remove_hosts() {
  local rest
  grep -qF "$(hosts_mark)" /etc/hosts || return 0
  rest=$(foreign_hosts_lines)
  printf '%s\n' "$rest" >/etc/hosts
}

add_network() {
  local k
  [[ $NETNS == yes ]] || return 0
  if [[ -e /sys/class/net/$BRIDGE ]]; then die "there is a network $BRIDGE already: only one cluster can have --netns at a time"; fi
  touch "$DIR/run/network"
  ip link add "$BRIDGE" type bridge
  ip addr add "$(login_address)/24" dev "$BRIDGE"
  ip link set "$BRIDGE" up
  for ((k = 1; k <= NODES; k++)); do
    ip netns add "$BRIDGE-$k"
    ip -n "$BRIDGE-$k" link set lo up
    ip link add "$BRIDGE$k" type veth peer name eth0 netns "$BRIDGE-$k"
    ip link set "$BRIDGE$k" master "$BRIDGE" up
    ip -n "$BRIDGE-$k" addr add "$(node_address "$k")/24" dev eth0
    ip -n "$BRIDGE-$k" link set eth0 up
    # Nothing but the bridge is reached from a node; without a route, an address elsewhere is refused at once.
  done
}

remove_network() {
  local netns
  [[ -e $DIR/run/network ]] || return 0
  for netns in /run/netns/"$BRIDGE"-*; do
    if [[ -e $netns ]]; then ip netns del "${netns##*/}"; fi
  done
  ip link del "$BRIDGE" 2>/dev/null || true
  rm -f "$DIR/run/network"
}
