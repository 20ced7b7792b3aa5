-- The results that Compute has found so far.
create table computations (
  input integer not null,
  multiplier integer not null,
  result double precision not null,
  primary key (input, multiplier)
);
