-- What a run on Slurm needs besides its plan (JSON; null on other backends): captured once, so that a resume asks for the same.
alter table outflow.run add column slurm text;
