// The environments of Slurm's commands. Slurm reads options from variables and hands sbatch's whole environment to the job.

/** Variables of Slurm's own commands, and of a job that surrounds us: each would change what a command does. */
const SLURMS_OWN = /^(SLURM|SLURMD|SLURMCTLD|SBATCH|SALLOC|SRUN|SQUEUE|SINFO|SCANCEL|SCONTROL|SACCT|SPRIO|PMI|PMIX)\d?_/;

/** What a job needs to find programs, its user's home and a site's modules. Anything else may be a secret, and stays here. */
const FOR_JOBS = new Set([
  ...['PATH', 'HOME', 'USER', 'LOGNAME', 'SHELL', 'LANG', 'LANGUAGE', 'TZ', 'SLURM_CONF'],
  ...['LD_LIBRARY_PATH', 'BASH_ENV', 'MODULEPATH', 'MODULEPATH_ROOT', 'MODULESHOME', 'MODULES_CMD', 'LOADEDMODULES', '_LMFILES_'],
]);
const FOR_JOBS_TOO = /^(LC_|_*LMOD_|_ModuleTable|MODULES_|BASH_FUNC_(module|ml|_module_raw|clearMT|clearLmod)(%%|\(\))$)/;

/** For commands that ask. In the C locale and in UTC, so that what they print has one meaning; lists of indices in full. */
export function askingEnvironment(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const kept = Object.entries(env).filter(([name]) => name === 'SLURM_CONF' || !SLURMS_OWN.test(name));
  return { ...Object.fromEntries(kept), LC_ALL: 'C', TZ: 'UTC0', SLURM_BITSTR_LEN: '0' };
}

/** For sbatch, whose environment becomes the job's: kept by administrators' tools, so it holds no secret. */
export function submittingEnvironment(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const kept = Object.entries(env).filter(([name]) => FOR_JOBS.has(name) || FOR_JOBS_TOO.test(name));
  return { PATH: '/usr/local/bin:/usr/bin:/bin', ...Object.fromEntries(kept) };
}
