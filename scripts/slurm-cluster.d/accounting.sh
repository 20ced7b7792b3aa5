# --dbd: slurmdbd with a MariaDB of its own. Read by scripts/slurm-cluster.
# shellcheck shell=bash disable=SC2034,SC2153

# The Munge socket is told again, as a password: connections to slurmdbd do not look at AuthInfo.
accounting_lines() {
  if [[ $DBD == no ]]; then
    echo AccountingStorageType=accounting_storage/none
    return
  fi
  cat <<C
AccountingStorageType=accounting_storage/slurmdbd
AccountingStorageHost=$(login_address)
AccountingStoragePort=$((PORT_BASE + 19))
AccountingStoragePass=$DIR/munge/run/munge.socket
AccountingStorageEnforce=associations,limits,qos
AccountingStorageTRES=gres/gpu
C
}
