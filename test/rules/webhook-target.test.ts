import { expect, test } from 'vitest';
import { networkList } from '../../src/networks.ts';
import { isAllowedAddress, problemOfUrl } from '../../src/webhooks/target.ts';

const production = { production: true, privateNetworks: networkList(['10.7.0.0/16'])!, timeoutMs: 1000 };
const development = { ...production, production: false };

test.each([
  '127.0.0.1',
  '127.9.9.9',
  '0.0.0.0',
  '10.0.0.1',
  '100.64.0.1',
  '169.254.169.254',
  '172.16.0.1',
  '172.31.255.255',
  '192.168.1.1',
  '224.0.0.1',
  '255.255.255.255',
  '::',
  '::1',
  '::ffff:127.0.0.1',
  '::ffff:8.8.8.8',
  '64:ff9b::7f00:1',
  'fc00::1',
  'fd12::1',
  'fe80::1',
  'ff02::1',
  '2002:7f00:1::',
  '2001::1',
])('%s is refused in production and nowhere else', (address) => {
  expect(isAllowedAddress(production, address)).toBe(false);
  expect(isAllowedAddress(development, address)).toBe(true);
});

test.each(['8.8.8.8', '172.32.0.1', '223.5.5.5', '2606:4700::1111', '2400:3200::1', '10.7.3.4'])(
  '%s is allowed',
  (address) => {
    expect(isAllowedAddress(production, address)).toBe(true);
  },
);

test.each([
  ['https://crm.example.com/hooks?x=1', null],
  ['http://crm.example.com/hooks', 'must be https'],
  ['http://localhost:8080/', null],
  ['https://127.0.0.1/', 'is no public address'],
  ['https://2130706433/', 'is no public address'],
  ['https://0x7f.1/', 'is no public address'],
  ['https://[::1]/', 'is no public address'],
  ['https://[::ffff:10.0.0.1]/', 'is no public address'],
  ['https://169.254.169.254/latest/meta-data', 'is no public address'],
  ['https://10.7.0.1/', null],
  ['https://user:secret@crm.example.com/', 'must not carry a user or a password'],
])('%s in production: %s', (url, problem) => {
  expect(problemOfUrl(production, new URL(url))).toBe(problem);
});

test('outside production only a password is refused', () => {
  expect(problemOfUrl(development, new URL('http://10.0.0.1:8080/'))).toBeNull();
  expect(problemOfUrl(development, new URL('http://u@10.0.0.1/'))).not.toBeNull();
});
