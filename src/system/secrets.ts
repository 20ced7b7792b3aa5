// What the programs that we start are not told: whoever may list a process sees its environment.

const SECRETS = /^OUTFLOW_\w*(URL|TOKEN|KEY|SECRET|PASSWORD)$/;

/** Of a variable of outflow's own. */
export function isSecret(name: string): boolean {
  return SECRETS.test(name);
}

/** The user's own variables stay: tasks may need them. */
export function withoutSecrets(environment: Readonly<Record<string, string | undefined>> = process.env): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !isSecret(name)));
}
