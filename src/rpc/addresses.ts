// Where a coordinator listens (`--listen`), and under which addresses agents on other hosts may find it.
import type { NetworkInterfaceInfo } from 'node:os';
import { OutflowError } from '../model/errors.ts';

/** The first free port of a range; 0: one that the system chooses. */
export type Ports = { from: number; to: number } | 0;

export interface ListenAddress {
  /** "": all interfaces. */
  host: string;
  ports: Ports;
}

const HINT = 'write host:port, host:first-last, or :first-last for all interfaces; IPv6 addresses stand in brackets';
/** Bridges and virtual links of container engines and hypervisors: no other host is reached over them. */
const VIRTUAL = /^(docker|br-|veth|virbr|vnet|cni|flannel|cali|podman|lxcbr|lxdbr)/;

/** Reads `HOST:PORT`, `HOST:FROM-TO` or `:FROM-TO`. */
export function parseListen(text: string): ListenAddress {
  const bad = (why: string): OutflowError => new OutflowError('bad-flag', `--listen ${text}: ${why}`, { hint: HINT });
  const parts = /^(?:\[([^\]]+)\]|([^:[\]]*)):(\d+)(?:-(\d+))?$/.exec(text);
  if (!parts) throw bad('this is not an address');
  const host = parts[1] ?? parts[2] ?? '';
  const from = Number(parts[3]);
  const to = Number(parts[4] ?? parts[3]);
  if (from > 65_535 || to > 65_535) throw bad('ports end at 65535');
  if (from > to) throw bad(`the range ends (${to}) before it begins (${from})`);
  if (from === 0 && to > 0) throw bad('a range begins at port 1 or later');
  return { host: host === '*' ? '' : host, ports: from === 0 ? 0 : { from, to } };
}

/**
 * All `host:port` under which others may reach a coordinator that listens at `host` and `port`. A host that was named is the
 * only one. Otherwise: this host's name and the addresses of its interfaces, but for those that lead nowhere; if nothing else
 * is left, loopback.
 */
export function advertised(
  { host, port }: { host: string; port: number },
  self: { hostname: string; interfaces: NodeJS.Dict<NetworkInterfaceInfo[]> },
): string[] {
  if (!isAny(host)) return [joined(host, port)];
  const all = Object.entries(self.interfaces)
    .filter(([name]) => !VIRTUAL.test(name))
    .flatMap(([, addresses]) => addresses ?? [])
    .filter(({ family }) => host !== '0.0.0.0' || family === 'IPv4');
  const far = all.filter((it) => !it.internal && !isLinkLocal(it.address));
  const named = far.length > 0 ? [self.hostname] : [];
  const near = far.length > 0 ? far : all.filter((it) => it.internal);
  return [...new Set([...named, ...near.map((it) => it.address)])].map((it) => joined(it, port));
}

function isAny(host: string): boolean {
  return host === '' || host === '0.0.0.0' || host === '::';
}

function isLinkLocal(address: string): boolean {
  return address.startsWith('169.254.') || /^fe[89ab]/i.test(address);
}

function joined(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
