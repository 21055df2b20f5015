// Which network addresses the broker may call on a third party's word: those of the public internet and no others.
// What is not known to be public is not: a new special range is refused until someone lists it here.
import { BlockList, isIP } from 'node:net';

type Range = readonly [address: string, bits: number];

// IANA special-purpose registries: private, shared, loopback, link-local, documentation, benchmarking, multicast, reserved.
const refusedV4: readonly Range[] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.31.196.0', 24],
  ['192.52.193.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['192.175.48.0', 24],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 3],
];
// Of IPv6 only global unicast is taken, so that mapped (::ffff:0:0/96), NAT64 (64:ff9b::/96), unique local, link-local and
// multicast addresses are out without being named; of global unicast, what carries another address or is for documents.
const takenV6: Range = ['2000::', 3];
const refusedV6: readonly Range[] = [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['2620:4f:8000::', 48],
  ['3fff::', 20],
];

const v4 = new BlockList();
for (const [address, bits] of refusedV4) v4.addSubnet(address, bits, 'ipv4');
const v6 = new BlockList();
for (const [address, bits] of refusedV6) v6.addSubnet(address, bits, 'ipv6');
const global6 = new BlockList();
global6.addSubnet(...takenV6, 'ipv6');
const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

/** `address` without brackets or zone; anything else is not public. */
export function isPublicAddress(address: string): boolean {
  const family = isIP(address);
  if (family === 4) return !v4.check(address, 'ipv4');
  return (
    family === 6 && !address.includes('%') && global6.check(address, 'ipv6') && !v6.check(address, 'ipv6')
  );
}

export function isLoopbackAddress(address: string): boolean {
  const family = isIP(address);
  return family !== 0 && loopback.check(address, family === 4 ? 'ipv4' : 'ipv6');
}
