# The settings of the cluster and what follows from them: slurm.conf, gres.conf, Prolog, Epilog. Read by scripts/slurm-cluster.
# shellcheck shell=bash disable=SC2034,SC2153

# What `up` was told; kept in DIR/settings for the other commands. A change to one of them makes another cluster.
default_settings() {
  NODES=4 CPUS=8 MEMORY=16000 NETNS=no CGROUP=no DBD=no SUBMITTER=hpcuser PORT_BASE=16000
  EXTRA=()
}

settings_text() { declare -p NODES CPUS MEMORY NETNS CGROUP DBD SUBMITTER PORT_BASE | sed 's/^declare -- //'; }

load_settings() {
  [[ -s $DIR/settings ]] || die "there is no cluster in $DIR: start one with: scripts/slurm-cluster up"
  # shellcheck source=/dev/null
  . "$DIR/settings"
}

node_names() { seq -f 'node%.0f' 1 "$NODES"; }

require_node() {
  if ! [[ ${1-} =~ ^node([1-9][0-9]{0,2})$ ]] || ((BASH_REMATCH[1] > NODES)); then
    bad_usage "no node ${1:-was named}: there are node1 to node$NODES"
  fi
}

# range FROM TO: a node list as Slurm writes it.
range() { if (($1 == $2)); then echo "node$1"; else echo "node[$1-$2]"; fi; }

node_address() { if [[ $NETNS == yes ]]; then echo "$SUBNET.$1"; else echo 127.0.0.1; fi; }
login_address() { if [[ $NETNS == yes ]]; then echo "$SUBNET.254"; else echo 127.0.0.1; fi; }

# The nodes differ as they do on real sites; most are plain, so that there is a most common one:
#   the first half has the feature `fast`, the others `slow`; node2 has four GPUs (made of /dev/null),
#   node3 has two threads a core, node4 keeps two cores for the system, so that jobs get fewer CPUs than sinfo shows.
node_lines() {
  local k line cores threads
  for ((k = 1; k <= NODES; k++)); do
    cores=$CPUS threads=1
    if ((k == 3 && CPUS % 2 == 0)); then cores=$((CPUS / 2)) threads=2; fi
    line="NodeName=node$k NodeHostname=node$k NodeAddr=$(node_address "$k") Port=$((PORT_BASE + 100 + k)) State=UNKNOWN"
    line+=" CPUs=$CPUS Boards=1 SocketsPerBoard=1 CoresPerSocket=$cores ThreadsPerCore=$threads RealMemory=$MEMORY"
    if ((k <= HALF)); then line+=' Feature=fast'; else line+=' Feature=slow'; fi
    if ((k == 2)); then line+=' Gres=gpu:4'; fi
    if ((k == 4 && CPUS > 2)); then line+=' CoreSpecCount=2'; fi
    echo "$line"
  done
}

# debug: the default. batch: without a time limit, on the fast half. staff: not for the ordinary user. low and low-cancel give
# way to high: their jobs are put back into the queue, or cancelled.
partition_lines() {
  local all fast
  all=$(range 1 "$NODES") fast=$(range 1 "$HALF")
  cat <<C
PartitionName=debug Nodes=$all Default=YES DefaultTime=10:00 MaxTime=60:00 PriorityTier=1 PreemptMode=OFF
PartitionName=batch Nodes=$fast DefaultTime=60:00 MaxTime=INFINITE PriorityTier=1 PreemptMode=OFF
PartitionName=staff Nodes=$all DefaultTime=10:00 MaxTime=60:00 PriorityTier=1 PreemptMode=OFF AllowGroups=root
PartitionName=low Nodes=$all DefaultTime=10:00 MaxTime=60:00 PriorityTier=1 PreemptMode=REQUEUE
PartitionName=low-cancel Nodes=$all DefaultTime=10:00 MaxTime=60:00 PriorityTier=1 PreemptMode=CANCEL
PartitionName=high Nodes=$all DefaultTime=10:00 MaxTime=60:00 PriorityTier=10 PreemptMode=OFF
C
}

slurm_conf() {
  local HALF=$(((NODES + 1) / 2)) tracking=(proctrack/linuxproc task/none jobacct_gather/linux)
  # Not task/affinity: it refuses what is declared beyond the CPUs that are there.
  [[ $CGROUP == no ]] || tracking=(proctrack/cgroup task/cgroup jobacct_gather/cgroup)
  cat <<C
ClusterName=outflow
SlurmctldHost=slurmctl($(login_address))
SlurmctldPort=$((PORT_BASE + 17))
SlurmUser=slurm
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket=$DIR/munge/run/munge.socket
CredType=cred/munge
StateSaveLocation=$DIR/state
SlurmdSpoolDir=$DIR/spool/%n
SlurmctldPidFile=$DIR/run/ctld/slurmctld.pid
SlurmdPidFile=$DIR/run/slurmd.%n.pid
SlurmctldLogFile=$DIR/log/ctld/slurmctld.log
SlurmdLogFile=$DIR/log/slurmd.%n.log

# The nodes declare more than this machine has.
SlurmdParameters=config_overrides
ProctrackType=${tracking[0]}
TaskPlugin=${tracking[1]}
JobAcctGatherType=${tracking[2]}
JobAcctGatherFrequency=5
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
DefMemPerCPU=$((MEMORY / CPUS))
GresTypes=gpu

# What sites have: limits found out only by waiting, jobs put back into the queue, arrays of at most a thousand.
EnforcePartLimits=NO
JobRequeue=1
MaxArraySize=1001
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
JobSubmitPlugins=lua
Prolog=$DIR/etc/prolog
Epilog=$DIR/etc/epilog

# Quick: a job starts in half a second, a lost node is known in half a minute.
SchedulerType=sched/backfill
SchedulerParameters=batch_sched_delay=0,sched_interval=5,sched_min_interval=0,bf_interval=2,bf_continue,default_queue_depth=1000
SlurmctldTimeout=30
SlurmdTimeout=10
MessageTimeout=10
KillWait=5
# A step that outlives its node's "down" does not drain the node a minute later, in the midst of another test.
UnkillableStepTimeout=3600
OverTimeLimit=0
InactiveLimit=0
MinJobAge=300
ReturnToService=1

C
  accounting_lines
  node_lines
  partition_lines
  if ((${#EXTRA[@]})); then printf '%s\n' "${EXTRA[@]}"; fi
}

gres_conf() { if ((NODES >= 2)); then echo "NodeName=node2 Name=gpu File=$DIR/dev/gpu[0-3]"; fi; }

cgroup_conf() { printf '%s\n' CgroupPlugin=autodetect CgroupAutomount=no ConstrainCores=yes ConstrainRAMSpace=yes ConstrainSwapSpace=no; }

# Prolog and Epilog of every node. The faults are files, so that they come and go on a live cluster.
prolog() {
  cat <<C
#!/bin/sh
# Fails where \`slurm-cluster prolog fail NODE\` says so.
! [ -e "$DIR/faults/prolog-\$(hostname)" ]
C
}

epilog() {
  cat <<C
#!/bin/sh
# Takes as long as \`slurm-cluster epilog SECONDS\` says.
seconds=\$(cat "$DIR/faults/epilog" 2>/dev/null) || exit 0
exec sleep "\$seconds"
C
}

# Stands in for an accounting database at submission, in its words: accounts, and a submit limit that counts the elements of
# arrays. With --dbd the database speaks for itself.
job_submit_lua() {
  if [[ $DBD == yes ]]; then
    echo 'function slurm_job_submit() return slurm.SUCCESS end'
    echo 'function slurm_job_modify() return slurm.SUCCESS end'
    return
  fi
  cat <<C
-- Refuses accounts that are not here, and what is over the limit that \`slurm-cluster submit-limit N\` set.
local accounts = { project1 = true, project2 = true }

local function limit()
  local file = io.open("$DIR/faults/submit-limit")
  if not file then return nil end
  local number = tonumber(file:read("*l"))
  file:close()
  return number
end

local function elements(array)
  if not array then return 1 end
  local count = 0
  for part in array:gsub("%%.*", ""):gmatch("[^,]+") do
    local first, last, step = part:match("^(%d+)-(%d+):?(%d*)$")
    count = count + (first and math.floor((last - first) / (tonumber(step) or 1)) + 1 or 1)
  end
  return count
end

-- slurm.jobs is made anew only when a job has changed in a later second than the last time. What was let through since then is
-- counted here, for two seconds: then it has started, which is a change, or Slurm itself has refused it, which is none.
local known, since = nil, {}

local function just_let_through(uid)
  local count = 0
  for _, each in ipairs(since) do
    if each.uid == uid and os.time() - each.at <= 2 then count = count + each.count end
  end
  return count
end

function slurm_job_submit(job, partitions, uid)
  if job.account and job.account ~= "" and not accounts[job.account] then return 2045 end -- ESLURM_INVALID_ACCOUNT
  if slurm.jobs ~= known then known, since = slurm.jobs, {} end
  local more = elements(job.array_inx)
  local count = just_let_through(uid) + more
  for _, other in pairs(slurm.jobs) do
    local state = other.job_state % 256 -- pending, running, suspended
    if other.user_id == uid and state <= 2 then count = count + math.max(1, other.array_task_cnt or 1) end
  end
  local most = limit()
  if not most or count <= most then
    table.insert(since, { uid = uid, at = os.time(), count = more })
    return slurm.SUCCESS
  end
  slurm.log_user("AssocMaxSubmitJobLimit")
  return 2050 -- ESLURM_ACCOUNTING_POLICY
end

function slurm_job_modify() return slurm.SUCCESS end
C
}

# write_configuration: all files; true (0) if one of them changed.
write_configuration() {
  local name changed=1 text
  for name in slurm.conf gres.conf cgroup.conf prolog epilog job_submit.lua; do
    text=$("${name//./_}")
    if [[ ! -e $DIR/etc/$name || $text != "$(<"$DIR/etc/$name")" ]]; then
      printf '%s\n' "$text" >"$DIR/etc/$name"
      changed=0
    fi
  done
  chmod 755 "$DIR/etc/prolog" "$DIR/etc/epilog"
  return $changed
}
