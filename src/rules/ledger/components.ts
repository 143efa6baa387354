/** What a balance is made of, and amounts by component as plain lists. */

export const KINDS = [
  'annual_fee',
  'cash_fee',
  'other_fee',
  'penalty',
  'interest',
  'retail',
  'cash_advance',
  'instalment',
] as const;
export type Kind = (typeof KINDS)[number];

/** The four balances of an account. */
export const GROUPS = ['fees', 'penalty', 'interest', 'principal'] as const;
export type Group = (typeof GROUPS)[number];

export const GROUP_OF: Readonly<Record<Kind, Group>> = {
  annual_fee: 'fees',
  cash_fee: 'fees',
  other_fee: 'fees',
  penalty: 'penalty',
  interest: 'interest',
  retail: 'principal',
  cash_advance: 'principal',
  instalment: 'principal',
};

/** Minor units by component, in the order of COMPONENTS. */
export type Amounts = readonly bigint[];
export type Grouped = Readonly<Record<Group, bigint>>;

export interface Component {
  readonly kind: Kind;
  /** On a statement already; instalments: due already. */
  readonly billed: boolean;
}

export interface Part extends Component {
  readonly amountMinor: bigint;
}

export const COMPONENTS: readonly Component[] = KINDS.flatMap((kind) => [
  { kind, billed: true },
  { kind, billed: false },
]);
export const NOTHING: Amounts = COMPONENTS.map(() => 0n);

/** Place of a component in a list of amounts. */
export function placeOf(kind: Kind, billed: boolean): number {
  return KINDS.indexOf(kind) * 2 + (billed ? 0 : 1);
}

const GROUP_AT = COMPONENTS.map(({ kind }) => GROUP_OF[kind]);

export function sum(amounts: Amounts): bigint {
  let total = 0n;
  for (const amount of amounts) total += amount;
  return total;
}

/** Sums by group, nothing else. */
export function grouped(amounts: Amounts): Grouped {
  const groups = { fees: 0n, penalty: 0n, interest: 0n, principal: 0n };
  for (const [place, amount] of amounts.entries()) groups[GROUP_AT[place]!] += amount;
  return groups;
}

/** Those components that are not zero, in their fixed order. */
export function partsOf(amounts: Amounts): Part[] {
  return COMPONENTS.map((component, place) => ({ ...component, amountMinor: amounts[place]! })).filter(
    ({ amountMinor }) => amountMinor !== 0n,
  );
}

export function amountsOf(parts: readonly Part[]): Amounts {
  const amounts = [...NOTHING];
  for (const { kind, billed, amountMinor } of parts) amounts[placeOf(kind, billed)]! += amountMinor;
  return amounts;
}
