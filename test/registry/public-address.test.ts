import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isLoopbackAddress, isPublicAddress } from '../../src/registry/public-address.ts';

const refused = [
  ...['0.0.0.0', '0.1.2.3', '10.0.0.1', '100.64.0.1', '127.0.0.1', '127.255.255.255', '169.254.169.254'],
  ...['172.16.0.1', '172.31.255.255', '192.0.0.8', '192.0.2.1', '192.168.1.1', '198.18.0.1', '198.51.100.7'],
  ...['203.0.113.9', '224.0.0.1', '239.255.255.250', '240.0.0.1', '255.255.255.255'],
  ...['::', '::1', '::ffff:127.0.0.1', '::ffff:8.8.8.8', '::127.0.0.1', '64:ff9b::7f00:1', '64:ff9b:1::1'],
  ...[
    'fc00::1',
    'fd12::1',
    'fe80::1',
    'fe80::1%eth0',
    'fec0::1',
    'ff02::1',
    '100::1',
    '2001::1',
    '2001:db8::1',
  ],
  ...['2001:20::1', '2002:7f00:1::', '3fff::1', '4000::1', '5f00::1', '2a00:1450::1%eth0'],
  ...['', 'localhost', '1', '0x7f000001', '127.1', '8.8.8.8:80', '[2a00:1450::1]'],
];

test('only addresses of the public internet are public', () => {
  for (const address of refused) assert.equal(isPublicAddress(address), false, address);
  for (const address of [
    '1.1.1.1',
    '8.8.8.8',
    '172.15.0.1',
    '172.32.0.1',
    '223.255.255.1',
    '2a00:1450::1',
    '2606:4700::1',
  ])
    assert.equal(isPublicAddress(address), true, address);
});

test('no private or mapped address is public, whatever its last part', () => {
  const byte = fc.integer({ min: 0, max: 255 });
  fc.assert(
    fc.property(byte, byte, byte, (a, b, c) => {
      const addresses = [`10.${a}.${b}.${c}`, `127.${a}.${b}.${c}`, `192.168.${b}.${c}`, `169.254.${b}.${c}`];
      const mapped = addresses.map((address) => `::ffff:${address}`);
      return [...addresses, ...mapped].every((address) => !isPublicAddress(address));
    }),
  );
});

test('loopback is 127.0.0.0/8 and ::1', () => {
  for (const address of ['127.0.0.1', '127.8.9.1', '::1']) assert.equal(isLoopbackAddress(address), true);
  for (const address of ['128.0.0.1', '10.0.0.1', '::2', 'localhost', ''])
    assert.equal(isLoopbackAddress(address), false);
});
