// What `--listen` may say, and which addresses of a host others are told.
import type { NetworkInterfaceInfo } from 'node:os';
import { expect, test } from 'vitest';
import { advertised, parseListen } from '../../../src/rpc/addresses.ts';

test.each([
  ['login1:4000', { host: 'login1', ports: { from: 4000, to: 4000 } }],
  ['10.0.0.1:4000-4010', { host: '10.0.0.1', ports: { from: 4000, to: 4010 } }],
  [':4000-4010', { host: '', ports: { from: 4000, to: 4010 } }],
  ['*:4000', { host: '', ports: { from: 4000, to: 4000 } }],
  [':0', { host: '', ports: 0 }],
  ['127.0.0.1:0', { host: '127.0.0.1', ports: 0 }],
  ['[::1]:4000', { host: '::1', ports: { from: 4000, to: 4000 } }],
  ['[fd00::2]:65535', { host: 'fd00::2', ports: { from: 65_535, to: 65_535 } }],
])('%s', (text, address) => {
  expect(parseListen(text)).toEqual(address);
});

test.each([
  ['4000', 'this is not an address'],
  ['login1', 'this is not an address'],
  ['login1:', 'this is not an address'],
  ['fd00::2:4000', 'this is not an address'],
  ['login1:http', 'this is not an address'],
  ['login1:-5', 'this is not an address'],
  ['login1:4000-', 'this is not an address'],
  ['http://login1:4000', 'this is not an address'],
  ['login1:65536', 'ports end at 65535'],
  ['login1:4000-70000', 'ports end at 65535'],
  ['login1:4010-4000', 'the range ends (4000) before it begins (4010)'],
  ['login1:0-10', 'a range begins at port 1 or later'],
])('%s is refused', (text, why) => {
  expect(() => parseListen(text)).toThrow(`--listen ${text}: ${why}`);
});

const INTERFACES = {
  lo: [v4('127.0.0.1', true), v6('::1', true)],
  eth0: [v4('10.1.2.3'), v6('fd00::3'), v6('fe80::1')],
  ib0: [v4('192.168.7.3')],
  eth9: [v4('169.254.3.4')],
  docker0: [v4('172.17.0.1')],
  'br-0123456789ab': [v4('172.18.0.1')],
  veth1: [v4('10.9.9.9')],
  virbr0: [v4('192.168.122.1')],
  cni0: [v4('10.88.0.1')],
};

test('a host is found by its name and the addresses that lead to it', () => {
  expect(advertised({ host: '', port: 4000 }, { hostname: 'login1', interfaces: INTERFACES })).toEqual([
    'login1:4000',
    '10.1.2.3:4000',
    '[fd00::3]:4000',
    '192.168.7.3:4000',
  ]);
});

test('who listens on IPv4 only has no other addresses', () => {
  expect(advertised({ host: '0.0.0.0', port: 4000 }, { hostname: 'login1', interfaces: INTERFACES })).toEqual([
    'login1:4000',
    '10.1.2.3:4000',
    '192.168.7.3:4000',
  ]);
});

test.each([
  ['127.0.0.1', '127.0.0.1:4000'],
  ['login1.cluster', 'login1.cluster:4000'],
  ['fd00::3', '[fd00::3]:4000'],
])('the address that was given is the only one: %s', (host, address) => {
  expect(advertised({ host, port: 4000 }, { hostname: 'login1', interfaces: INTERFACES })).toEqual([address]);
});

test('a host without a network has its loopback', () => {
  const interfaces = { lo: INTERFACES.lo, docker0: INTERFACES.docker0 };
  expect(advertised({ host: '', port: 4000 }, { hostname: 'alone', interfaces })).toEqual(['127.0.0.1:4000', '[::1]:4000']);
});

function v4(address: string, internal = false): NetworkInterfaceInfo {
  return { address, internal, family: 'IPv4', netmask: '', mac: '', cidr: null };
}

function v6(address: string, internal = false): NetworkInterfaceInfo {
  return { address, internal, family: 'IPv6', netmask: '', mac: '', cidr: null, scopeid: 0 };
}
