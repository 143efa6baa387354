import type { BlockList } from 'node:net';
import { isIP } from 'node:net';
import { isInside, networkList } from '../networks.ts';

/** Where deliveries may go, and how long a call may last. Outside production anywhere, so that a receiver can be written on the same machine. */
export interface TargetPolicy {
  readonly production: boolean;
  /** Networks of the bank that may be called though they are not public. */
  readonly privateNetworks: BlockList;
  /** From the look-up of the name to the head of the answer. */
  readonly timeoutMs: number;
}

export const TIMEOUT_MS = 15_000;

/** IANA special-purpose registries for IPv4 and IPv6: what is not public, and what IPv6 has of public addresses. */
const NOT_PUBLIC = networkList([
  ...['0.0.0.0/8', '10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '169.254.0.0/16', '172.16.0.0/12', '192.0.0.0/24'],
  ...['192.0.2.0/24', '192.88.99.0/24', '192.168.0.0/16', '198.18.0.0/15', '198.51.100.0/24', '203.0.113.0/24'],
  ...['224.0.0.0/4', '240.0.0.0/4', '2001::/23', '2001:db8::/32', '2002::/16', '3fff::/20'],
])!;
const PUBLIC_IPV6 = networkList(['2000::/3'])!;

export function isAllowedAddress({ production, privateNetworks }: TargetPolicy, address: string): boolean {
  if (!production || isInside(privateNetworks, address)) return true;
  return !isInside(NOT_PUBLIC, address) && (isIP(address) === 4 || isInside(PUBLIC_IPV6, address));
}

/** The host of a URL as an IP address, null when it is a name. */
export function literalAddress(url: URL): string | null {
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  return isIP(host) === 0 ? null : host;
}

/** Why no delivery may go to this URL, as far as can be said without looking its name up; null when there is nothing. */
export function problemOfUrl(policy: TargetPolicy, url: URL): string | null {
  const address = literalAddress(url);
  const isLocal = url.hostname === 'localhost' || address === '127.0.0.1' || address === '::1';
  if (url.username !== '' || url.password !== '') return 'must not carry a user or a password';
  if (url.protocol !== 'https:' && policy.production && !isLocal) return 'must be https';
  if (address !== null && !isAllowedAddress(policy, address)) return 'is no public address';
  return null;
}
