-- What the migrations make, for review. Written by the tests (vitest -u); never run.

create table outflow.agent_event (
  key bigint generated always as identity not null,
  run integer not null,
  id text not null,
  at_ms bigint not null,
  state text not null,
  allocation text not null,
  host text not null,
  pid integer not null,
  cpus integer not null,
  version text not null,
  constraint agent_event_pkey PRIMARY KEY (key)
);

create table outflow.agent_name (
  key integer generated always as identity not null,
  run integer not null,
  id text not null,
  constraint agent_name_run_id_key UNIQUE (run, id),
  constraint agent_name_pkey PRIMARY KEY (key)
);

create table outflow.agent_report (
  run integer not null,
  id text not null,
  seq bigint not null,
  constraint agent_report_pkey PRIMARY KEY (run, id)
) with (fillfactor=50);

create table outflow.allocation_event (
  key bigint generated always as identity not null,
  run integer not null,
  id text not null,
  at_ms bigint not null,
  provider text not null,
  state text not null,
  detail text not null,
  constraint allocation_event_pkey PRIMARY KEY (key)
);

create table outflow.attempt (
  key bigint generated always as identity not null,
  run integer not null,
  step integer not null,
  index integer not null,
  attempt integer not null,
  agent integer not null,
  ended_at_ms bigint not null,
  loss boolean,
  failure text not null,
  constraint attempt_pkey PRIMARY KEY (key)
);

create table outflow.blob (
  sha256 text not null,
  upload bigint not null,
  size bigint not null,
  created_at timestamp with time zone not null default clock_timestamp(),
  constraint blob_upload_key UNIQUE (upload),
  constraint blob_pkey PRIMARY KEY (sha256)
);

create table outflow.blob_chunk (
  upload bigint not null,
  n integer not null,
  bytes bytea not null storage e,
  constraint blob_chunk_pkey PRIMARY KEY (upload, n)
);

create table outflow.log (
  id bigint not null,
  at_ms bigint not null,
  run integer not null,
  step integer,
  index integer,
  attempt integer,
  seq integer not null,
  stream "char" not null,
  level "char" not null,
  text text not null,
  constraint log_pkey PRIMARY KEY (run, id)
);

create table outflow.migration (
  name text not null,
  checksum text not null,
  applied_at timestamp with time zone not null default now(),
  constraint migration_pkey PRIMARY KEY (name)
);

create table outflow.run (
  key integer generated always as identity not null,
  id text not null,
  created_at timestamp with time zone not null,
  command text not null,
  pipeline_file text not null,
  workdir text not null,
  args text not null,
  plan text not null,
  plan_hash text not null,
  bundle_hash text not null,
  backend text not null,
  workers integer,
  run_dir text not null,
  host text not null,
  username text not null,
  outflow_version text not null,
  slurm text,
  constraint run_id_key UNIQUE (id),
  constraint run_pkey PRIMARY KEY (key)
);

create table outflow.run_cancel (
  run integer not null,
  asked_at timestamp with time zone not null default clock_timestamp(),
  constraint run_cancel_pkey PRIMARY KEY (run),
  constraint run_cancel_run_fkey FOREIGN KEY (run) REFERENCES outflow.run(key)
);

create table outflow.run_end (
  run integer not null,
  state text not null,
  failure text,
  ended_at timestamp with time zone not null default clock_timestamp(),
  constraint run_end_pkey PRIMARY KEY (run),
  constraint run_end_run_fkey FOREIGN KEY (run) REFERENCES outflow.run(key)
);

create table outflow.run_lease (
  run integer not null,
  epoch integer not null default 0,
  host text not null default ''::text,
  pid integer not null default 0,
  address text not null default ''::text,
  expires_at timestamp with time zone not null default '-infinity'::timestamp with time zone,
  commit_id bigint not null default 0,
  log_id bigint not null default 0,
  constraint run_lease_pkey PRIMARY KEY (run),
  constraint run_lease_run_fkey FOREIGN KEY (run) REFERENCES outflow.run(key)
) with (fillfactor=20);

create table outflow.step_event (
  key bigint generated always as identity not null,
  run integer not null,
  step integer not null,
  at_ms bigint not null,
  total bigint,
  state text not null,
  outputs text,
  failure text,
  constraint step_event_pkey PRIMARY KEY (key)
);

create table outflow.unit (
  started_at_ms bigint not null,
  duration_ms bigint not null,
  run integer not null,
  step integer not null,
  index integer not null,
  attempt integer not null,
  agent integer not null,
  state "char" not null,
  output text not null,
  constraint unit_pkey PRIMARY KEY (run, step, index)
);

create table outflow.unit_failure (
  run integer not null,
  step integer not null,
  index integer not null,
  failure text not null,
  constraint unit_failure_pkey PRIMARY KEY (run, step, index)
);

CREATE INDEX agent_event_of_run ON outflow.agent_event USING btree (run, id, key DESC);
CREATE INDEX allocation_event_of_run ON outflow.allocation_event USING btree (run, id, key DESC);
CREATE INDEX attempt_of_unit ON outflow.attempt USING btree (run, step, index);
CREATE INDEX step_event_of_run ON outflow.step_event USING btree (run, step, key DESC);
CREATE INDEX unit_not_succeeded ON outflow.unit USING btree (run, step, index) WHERE (state <> 's'::"char");

CREATE OR REPLACE FUNCTION outflow.as_jsonb(value text)
 RETURNS jsonb
 LANGUAGE plpgsql
 IMMUTABLE PARALLEL SAFE STRICT
AS $function$
begin
  return value::jsonb;
exception when others then -- what JSON in Postgres cannot hold: \u0000, lone surrogates
  return null;
end $function$
;

create view outflow.runs as
 SELECT run.id,
    run.created_at,
    run.command,
    outflow.as_jsonb(run.args) AS args,
    run.pipeline_file,
    run.backend,
    run.host,
    run.username,
    COALESCE(run_end.state,
        CASE
            WHEN run_lease.expires_at > clock_timestamp() THEN 'running'::text
            ELSE 'not held'::text
        END) AS state,
    run_end.ended_at,
    outflow.as_jsonb(run_end.failure) AS failure
   FROM outflow.run
     JOIN outflow.run_lease ON run_lease.run = run.key
     LEFT JOIN outflow.run_end ON run_end.run = run.key;

create view outflow.units as
 SELECT run.id AS run,
    unit.step,
    unit.index,
        CASE unit.state
            WHEN 's'::"char" THEN 'succeeded'::text
            WHEN 'f'::"char" THEN 'failed'::text
            WHEN 'k'::"char" THEN 'skipped'::text
            WHEN 'c'::"char" THEN 'cancelled'::text
            ELSE 'aborted'::text
        END AS state,
    unit.attempt,
    agent_name.id AS agent,
    to_timestamp((unit.started_at_ms::numeric / 1000.0)::double precision) AS started_at,
    unit.duration_ms,
    outflow.as_jsonb(NULLIF(unit.output, ''::text)) AS output,
    outflow.as_jsonb(unit_failure.failure) AS failure
   FROM outflow.unit
     JOIN outflow.run ON run.key = unit.run
     LEFT JOIN outflow.agent_name ON agent_name.key = unit.agent
     LEFT JOIN outflow.unit_failure ON unit_failure.run = unit.run AND unit_failure.step = unit.step AND unit_failure.index = unit.index;
