import { BlockList, isIP } from 'node:net';

/** A list of addresses and networks (`203.0.113.7`, `2001:db8::/32`) that can be asked; null when an entry is neither. */
export function networkList(networks: readonly string[]): BlockList | null {
  const list = new BlockList();
  for (const text of networks) {
    const [, address = '', bits] = /^([0-9A-Fa-f.:]+)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
    const version = isIP(address);
    if (version === 0 || Number(bits ?? 0) > (version === 4 ? 32 : 128)) return null;
    const family = version === 4 ? 'ipv4' : 'ipv6';
    if (bits === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(bits), family);
  }
  return list;
}

/** True when the address is in one of the networks; an IPv4 address that a dual-stack socket writes as IPv6 is the same. */
export function isInside(list: BlockList, address: string): boolean {
  return list.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');
}
