import { lesser } from '../money/money.ts';
import { type Amounts, GROUP_OF, type Kind, NOTHING, placeOf } from './components.ts';

/** The two sides that article 57 orders: fees, penalty and interest, and principal. */
export type Side = 'charges' | 'principal';

/** Which debt a payment pays first: law and contract, as data of the pack. */
export interface AllocationRules {
  /** By days past due on the posting date, ascending; the last band has no end. */
  readonly bands: readonly { readonly upToDaysPastDue?: number | undefined; readonly order: readonly Side[] }[];
  /** Order inside a side, as the contract has it; every kind of the side once. */
  readonly charges: readonly Kind[];
  readonly principal: readonly Kind[];
}

/**
 * The components in the order in which a payment pays them when the account is `daysPastDue` days past due; a band's last
 * day is inclusive. Inside a side what is billed comes before what is not. Source: 信用卡业务监督管理办法 第五十七条 (up to
 * 90 days charges before principal, from 91 days principal first); the order inside is the contract's.
 */
export function allocationOrder({ bands, charges, principal }: AllocationRules, daysPastDue: number): number[] {
  const band = bands.find(({ upToDaysPastDue }) => upToDaysPastDue === undefined || daysPastDue <= upToDaysPastDue);
  if (band === undefined) throw new RangeError('the last band of the allocation has an end');
  const kinds = { charges, principal };
  return band.order.flatMap((side) =>
    [true, false].flatMap((billed) => kinds[side].map((kind) => placeOf(kind, billed))),
  );
}

export interface Allocated {
  readonly parts: Amounts;
  /** What is over when everything is paid. */
  readonly restMinor: bigint;
}

/** Spreads an amount over the balances in this order, each up to what it holds; parts and rest sum to the amount. */
export function allocate(balances: Amounts, amountMinor: bigint, order: readonly number[]): Allocated {
  const parts = [...NOTHING];
  let rest = amountMinor;
  for (const place of order) {
    if (rest === 0n) break;
    const held = balances[place]!;
    const part = lesser(held, rest);
    parts[place] = part;
    rest -= part;
  }
  return { parts, restMinor: rest };
}

/** The kinds of a side in the order of `own` as far as it names them, the others after them as the pack has them. */
export function ownOrder(own: readonly Kind[] | null, kinds: readonly Kind[]): readonly Kind[] {
  if (own === null) return kinds;
  const named = own.filter((kind) => kinds.includes(kind));
  return [...named, ...kinds.filter((kind) => !named.includes(kind))];
}

export function sideOf(kind: Kind): Side {
  return GROUP_OF[kind] === 'principal' ? 'principal' : 'charges';
}
