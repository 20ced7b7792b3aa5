-- outflow's own tables. Never edited once it has landed: changes come as further files, additive within a major version.
--
-- Rows are inserted and stay as they are; only a run's lease is updated. Values, failures and log lines are text that Postgres
-- never parses, so that no content of theirs can make an insert fail; the views at the end cast them for those who ask.

create table outflow.run (
  key              int generated always as identity primary key, -- short, for the many rows that name their run
  id               text not null unique,
  created_at       timestamptz not null,
  command          text not null,
  pipeline_file    text not null,
  workdir          text not null,
  args             text not null,
  plan             text not null,
  plan_hash        text not null,
  bundle_hash      text not null,
  backend          text not null,
  workers          int,
  run_dir          text not null,
  host             text not null,
  username         text not null,
  outflow_version  text not null
);

-- Who decides for a run. The one row that changes: each commit locks it at its epoch, so a holder that was taken over writes
-- nothing more. commit_id: the last batch of this epoch, so that a repeated one is known. log_id: the last log line's.
create table outflow.run_lease (
  run         int primary key references outflow.run,
  epoch       int not null default 0,
  host        text not null default '',
  pid         int not null default 0,
  address     text not null default '',
  expires_at  timestamptz not null default '-infinity', -- in the past: nobody holds it; -infinity: it was given back
  commit_id   bigint not null default 0,
  log_id      bigint not null default 0
) with (fillfactor = 20);

create table outflow.run_cancel (
  run       int primary key references outflow.run,
  asked_at  timestamptz not null default clock_timestamp()
);

create table outflow.run_end (
  run       int primary key references outflow.run,
  state     text not null,
  failure   text,
  ended_at  timestamptz not null default clock_timestamp()
);

-- A unit that has settled; no row: pending. The hot table: no null, no reference, the wide columns first (24 bytes of header
-- and 45 of columns before the output).
create table outflow.unit (
  started_at_ms  bigint not null,
  duration_ms    bigint not null,
  run            int not null,
  step           int not null,
  index          int not null,
  attempt        int not null,
  agent          int not null,    -- key of outflow.agent_name; 0: it never ran
  state          "char" not null, -- s(ucceeded) f(ailed) k: skipped c(ancelled) a(borted)
  output         text not null,   -- empty: none, for no encoded value is empty
  primary key (run, step, index)
);

-- Costs nothing while units succeed; finds the others among a million.
create index unit_not_succeeded on outflow.unit (run, step, index) where state <> 's';

create table outflow.unit_failure (
  run      int not null,
  step     int not null,
  index    int not null,
  failure  text not null,
  primary key (run, step, index)
);

-- An attempt that ended without settling its unit.
create table outflow.attempt (
  key          bigint generated always as identity primary key,
  run          int not null,
  step         int not null,
  index        int not null,
  attempt      int not null,
  agent        int not null,
  ended_at_ms  bigint not null,
  loss         boolean, -- true: counts against the losses; false: spent a retry; null: neither
  failure      text not null
);
create index attempt_of_unit on outflow.attempt (run, step, index);

-- Of each step, agent and allocation the newest event counts.
create table outflow.step_event (
  key      bigint generated always as identity primary key,
  run      int not null,
  step     int not null,
  at_ms    bigint not null,
  total    bigint,
  state    text not null,
  outputs  text,
  failure  text
);
create index step_event_of_run on outflow.step_event (run, step, key desc);

create table outflow.agent_name (
  key  int generated always as identity primary key,
  run  int not null,
  id   text not null,
  unique (run, id)
);

create table outflow.agent_event (
  key         bigint generated always as identity primary key,
  run         int not null,
  id          text not null,
  at_ms       bigint not null,
  state       text not null,
  allocation  text not null,
  host        text not null,
  pid         int not null,
  cpus        int not null,
  version     text not null
);
create index agent_event_of_run on outflow.agent_event (run, id, key desc);

-- The highest report of each agent that was applied: a repeated one is only acknowledged again.
create table outflow.agent_report (
  run  int not null,
  id   text not null,
  seq  bigint not null,
  primary key (run, id)
) with (fillfactor = 50);

create table outflow.allocation_event (
  key       bigint generated always as identity primary key,
  run       int not null,
  id        text not null,
  at_ms     bigint not null,
  provider  text not null,
  state     text not null,
  detail    text not null
);
create index allocation_event_of_run on outflow.allocation_event (run, id, key desc);

-- Ids come from the lease row, in commit order: who reads on from the last id it saw misses no line.
create table outflow.log (
  id       bigint not null,
  at_ms    bigint not null,
  run      int not null,
  step     int, -- null: a line of the run itself
  index    int,
  attempt  int,
  seq      int not null,
  stream   "char" not null, -- o: stdout, e: stderr, l: log, s: system
  level    "char" not null, -- d(ebug) i(nfo) w(arn) e(rror)
  text     text not null,
  primary key (run, id)
);

-- Content-addressed. The row comes last: chunks without one belong to an upload under way, or to one that was cut off.
create table outflow.blob (
  sha256      text primary key,
  upload      bigint not null unique,
  size        bigint not null,
  created_at  timestamptz not null default clock_timestamp()
);
create sequence outflow.blob_upload;
create table outflow.blob_chunk (
  upload  bigint not null,
  n       int not null,
  bytes   bytea not null,
  primary key (upload, n)
);
alter table outflow.blob_chunk alter column bytes set storage external;

-- For people who look into the database.

create function outflow.as_jsonb(value text) returns jsonb language plpgsql immutable strict parallel safe as $$
begin
  return value::jsonb;
exception when others then -- what JSON in Postgres cannot hold: \u0000, lone surrogates
  return null;
end $$;

create view outflow.units as
select run.id as run,
       unit.step,
       unit.index,
       case unit.state
         when 's' then 'succeeded' when 'f' then 'failed' when 'k' then 'skipped' when 'c' then 'cancelled' else 'aborted'
       end as state,
       unit.attempt,
       agent_name.id as agent,
       to_timestamp(unit.started_at_ms / 1000.0) as started_at,
       unit.duration_ms,
       outflow.as_jsonb(nullif(unit.output, '')) as output,
       outflow.as_jsonb(unit_failure.failure) as failure
  from outflow.unit
  join outflow.run on run.key = unit.run
  left join outflow.agent_name on agent_name.key = unit.agent
  left join outflow.unit_failure
    on (unit_failure.run, unit_failure.step, unit_failure.index) = (unit.run, unit.step, unit.index);

create view outflow.runs as
select run.id,
       run.created_at,
       run.command,
       outflow.as_jsonb(run.args) as args,
       run.pipeline_file,
       run.backend,
       run.host,
       run.username,
       coalesce(run_end.state, case when run_lease.expires_at > clock_timestamp() then 'running' else 'not held' end) as state,
       run_end.ended_at,
       outflow.as_jsonb(run_end.failure) as failure
  from outflow.run
  join outflow.run_lease on run_lease.run = run.key
  left join outflow.run_end on run_end.run = run.key;
