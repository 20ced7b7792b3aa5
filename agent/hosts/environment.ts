// What hosts inherit of the agent's environment: all that the submitter had, but for outflow's own secrets.

const SECRETS = /^OUTFLOW_\w*(URL|TOKEN|KEY|SECRET|PASSWORD)$/;

export function hostEnvironment(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !SECRETS.test(name)));
}
