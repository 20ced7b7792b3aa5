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

mariadb_root() { mariadb --no-defaults -uroot -S "$DIR/mariadb/socket" "$@"; }
mariadb_answers() { mariadb_root -e 'select 1' >/dev/null 2>&1; }
slurmdbd_answers() { timeout 5 sacctmgr -n -P show cluster >/dev/null 2>&1; }

# Before slurmctld. The ordinary user may use the account project1, a QOS `normal` without limits and `limited`, where two jobs
# at most may be pending or running; `sacctmgr modify user ... set MaxSubmitJobs=N` and the like work on the live cluster.
start_accounting() {
  local password
  start_mariadb
  password=$(head -c 18 /dev/urandom | base64 | tr -d '+/=')
  mariadb_root -e "create database if not exists slurm_acct;
    create or replace user slurm@'127.0.0.1' identified by '$password';
    grant all on slurm_acct.* to slurm@'127.0.0.1';"
  (umask 077 && slurmdbd_conf "$password" >"$DIR/etc/slurmdbd.conf")
  chown slurm:slurm "$DIR/etc/slurmdbd.conf"
  install -d -m 755 -o slurm -g slurm "$DIR/run/dbd" "$DIR/log/dbd"
  # shellcheck disable=SC2016
  bare unshare --uts sh -c 'hostname slurmctl && exec slurmdbd' >"$DIR/log/slurmdbd.start" 2>&1 ||
    die "slurmdbd: $(<"$DIR/log/slurmdbd.start")"
  until_true 100 has_content "$DIR/run/dbd/slurmdbd.pid" || die "slurmdbd did not start: $(tail -n 3 "$DIR/log/dbd/slurmdbd.log")"
  cp "$DIR/run/dbd/slurmdbd.pid" "$DIR/run/slurmdbd.pid"
  until_true 200 slurmdbd_answers || die "slurmdbd does not answer; see $DIR/log/dbd/slurmdbd.log"
  add_associations >"$DIR/log/sacctmgr.log"
}

add_associations() {
  local account user
  sacctmgr -i -Q add cluster outflow
  sacctmgr -i -Q add qos limited set MaxSubmitJobsPerUser=2
  for account in project1 project2; do sacctmgr -i -Q add account "$account" Cluster=outflow; done
  for user in root "$SUBMITTER"; do
    sacctmgr -i -Q add user "$user" Account=project1 Cluster=outflow QOS=normal,limited DefaultQOS=normal
  done
}

start_mariadb() {
  local home=$DIR/mariadb
  install -d -m 750 -o mysql -g mysql "$home"
  if [[ ! -d $home/mysql ]]; then
    say 'creating the accounting database'
    bare mariadb-install-db --no-defaults --user=mysql --datadir="$home" --skip-test-db --auth-root-authentication-method=socket \
      >"$DIR/log/mariadb-install.log" 2>&1 || die "mariadb-install-db: $(tail -n 3 "$DIR/log/mariadb-install.log")"
  fi
  bare setsid --fork mariadbd --no-defaults --user=mysql --datadir="$home" --socket="$home/socket" --pid-file="$home/mariadbd.pid" \
    --bind-address=127.0.0.1 --port="$((PORT_BASE + 6))" --innodb-buffer-pool-size=64M --innodb-flush-log-at-trx-commit=0 \
    --innodb-lock-wait-timeout=900 --skip-log-bin >"$DIR/log/mariadbd.log" 2>&1
  until_true 300 mariadb_answers || die "mariadbd does not answer: $(tail -n 3 "$DIR/log/mariadbd.log")"
  cp "$home/mariadbd.pid" "$DIR/run/mariadbd.pid"
}

slurmdbd_conf() {
  cat <<C
AuthType=auth/munge
AuthInfo=socket=$DIR/munge/run/munge.socket
DbdHost=slurmctl
DbdAddr=$(login_address)
DbdPort=$((PORT_BASE + 19))
SlurmUser=slurm
LogFile=$DIR/log/dbd/slurmdbd.log
PidFile=$DIR/run/dbd/slurmdbd.pid
StorageType=accounting_storage/mysql
StorageHost=127.0.0.1
StoragePort=$((PORT_BASE + 6))
StorageUser=slurm
StoragePass=$1
StorageLoc=slurm_acct
CommitDelay=1
C
}
