// What gRPC and OpenSSL say of a dial that failed, in the words of this program.

const WORDS: readonly (readonly [RegExp, string])[] = [
  [/ECONNREFUSED/, 'nobody listens there'],
  [/ENOTFOUND|EAI_AGAIN|Name resolution failed/, 'this host does not know that name'],
  [/EHOSTUNREACH|ENETUNREACH|ETIMEDOUT/, 'there is no way to it from this host'],
  [/expired/, 'a certificate has expired, or a clock is wrong'],
  [/not yet valid/, 'a certificate is not valid yet: a clock is wrong'],
  [/certificate|unknown ca/i, 'it is not the coordinator of this run (another certificate)'],
  [/wrong version|packet length|SSL routines|disconnected before secure TLS|Protocol error/i, 'it does not speak our protocol'],
];

/** `details`: of a gRPC status, such as `No connection established. Last error: connect ECONNREFUSED 10.0.0.1:7 (time)`. */
export function dialFailure(details: string): string {
  const said = details.replace(/^.*Last error: /, '').replace(/ \(\d{4}-[^)]*\)$/, '');
  const words = WORDS.find(([pattern]) => pattern.test(said))?.[1];
  return words ? `${words} (${said})` : said;
}
