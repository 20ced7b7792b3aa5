// Whose process this is. A uid need not have an entry in the user database: in containers, in a bare chroot, where LDAP is away.
import { userInfo } from 'node:os';

/** Undefined: the uid has none. */
export function userName(): string | undefined {
  try {
    return userInfo().username;
  } catch {
    return undefined;
  }
}

/** What a login would have set, and Node and oclif else ask the user database for; without an answer they throw. */
export function completeEnvironment(): void {
  const { env } = process;
  if ((env['HOME'] && env['SHELL']) || userName() !== undefined) return;
  env['HOME'] ||= '/';
  env['SHELL'] ||= '/bin/sh';
}
