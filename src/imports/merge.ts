import type { StoredAccount } from '../accounts/repository.ts';
import type { AccountInput } from '../accounts/schemas.ts';
import type { NormalisedCustomer } from '../customers/record.ts';
import type { StoredCustomer } from '../customers/repository.ts';
import { fromMinor } from '../rules/money/money.ts';
import type { ImportedAccount, ImportedCustomer } from './mapping.ts';

/** A file knows some facts of a customer and an account; those that it does not know stay what they are. Pure. */

type Party = NormalisedCustomer['parties'][number];
type Point = Party['contactPoints'][number];

/** Id of the contact point that holds the address of the file. */
const ADDRESS_POINT = 'address';

/** A customer who was not on file: the debtor, with the number if the file has one. */
export function newCustomer(imported: ImportedCustomer): NormalisedCustomer {
  const { name, residentId, birthDate } = imported;
  return {
    name,
    residentId,
    birthDate,
    language: 'zh-CN',
    jurisdictions: ['CN'],
    timeZones: ['Asia/Shanghai'],
    region: null,
    parties: [{ partyId: 'self', role: 'debtor', name, socialCreditCode: null, contactPoints: pointsOf(imported) }],
  };
}

/**
 * A customer on file with what the file says of the debtor: name, resident id, numbers and address, where it has them. A
 * new number takes the place of the one that an earlier file brought in the same place of the same column, unless this
 * file has that one too, elsewhere. Everything else stays: other people and contact points, and the second number of a
 * cell that has only one now.
 */
export function mergedCustomer(stored: StoredCustomer, imported: ImportedCustomer): NormalisedCustomer {
  const taken = new Set(stored.parties.flatMap((party) => party.contactPoints.map((point) => point.contactPointId)));
  const brought = pointsOf(imported);
  return {
    name: imported.name,
    residentId: imported.residentId ?? stored.residentId,
    birthDate: imported.birthDate ?? stored.birthDate,
    language: stored.language,
    jurisdictions: stored.jurisdictions,
    timeZones: stored.timeZones,
    region: stored.region,
    parties: stored.parties.map((party) =>
      party.role === 'debtor'
        ? {
            ...party,
            name: imported.name,
            contactPoints: brought.reduce(
              (points, point) => withPoint(points, point, brought, taken),
              party.contactPoints,
            ),
          }
        : party,
    ),
  };
}

function withPoint(
  points: readonly Point[],
  point: Point,
  brought: readonly Point[],
  taken: ReadonlySet<string>,
): Point[] {
  const isIn = (list: readonly Point[], { kind, value }: Point) =>
    list.some((one) => one.kind === kind && one.value === value);
  if (isIn(points, point)) return [...points];
  const index = points.findIndex(
    (one) => one.contactPointId === point.contactPointId && one.kind === point.kind && !isIn(brought, one),
  );
  if (index >= 0) return points.with(index, point);
  const used = new Set([...taken, ...points.map(({ contactPointId }) => contactPointId)]);
  let id = point.contactPointId;
  for (let no = 1; used.has(id); no += 1) id = `import-${no}`;
  return [...points, { ...point, contactPointId: id }];
}

/** What a file brings of the debtor; the same number in two columns is one. */
function pointsOf({ phones, address }: ImportedCustomer): Point[] {
  const points = phones
    .filter(({ value }, index) => phones.findIndex((phone) => phone.value === value) === index)
    .map(({ contactPointId, value, line, place }) => pointOf({ contactPointId, kind: 'phone', value, line, place }));
  if (address !== null)
    points.push(pointOf({ contactPointId: ADDRESS_POINT, kind: 'postal', value: address, line: null, place: 'home' }));
  return points;
}

function pointOf(point: Pick<Point, 'contactPointId' | 'kind' | 'value' | 'line' | 'place'>): Point {
  return { ...point, status: 'active', timeZones: [], verifiedOn: null, provenance: null };
}

/** A new account as far as a file says nothing of it. */
const UNKNOWN_FACTS = {
  product: 'credit_card',
  pastDueSince: null,
  annualRate: null,
  status: 'open',
  minimumPaymentDue: null,
  creditLimit: null,
  debtGroupId: null,
  dailyRate: null,
  instalmentBalance: null,
  cashAdvanceBalance: null,
  penaltyRule: null,
  graceDays: null,
  graceAmount: null,
  inCollectionProcedures: null,
  genuineCard: null,
  statementDay: null,
  dueDays: null,
  minimumPaymentRule: null,
  compoundInterest: null,
  allocationOrder: null,
  cardToken: null,
  cardLast4: null,
} satisfies Partial<AccountInput>;

/** Facts of one state, which say nothing of the next. */
const OF_ONE_STATE = { accruedInterest: null, paymentsThrough: null, balanceParts: null };

/** The account of the file, with the facts that the file does not have from the one on file, if there is one. */
export function mergedAccount(stored: StoredAccount | undefined, imported: ImportedAccount): AccountInput {
  const { accountId: _, card: __, balances, ...facts } = imported;
  const account = {
    ...UNKNOWN_FACTS,
    ...(stored && factsOf(stored, imported.currency)),
    ...OF_ONE_STATE,
    ...facts,
    balances: { ...balancesOf(stored, imported.currency), ...balances },
  };
  // One of two ways to say the same; the file's takes the place of the other.
  if (facts.annualRate != null) return { ...account, dailyRate: null };
  return facts.dailyRate != null ? { ...account, annualRate: null } : account;
}

function factsOf(stored: StoredAccount, currency: string): Partial<AccountInput> {
  const amount = (minor: bigint | null) =>
    minor === null || stored.currency !== currency ? null : fromMinor(minor, currency);
  return {
    ...stored.optionalFacts,
    product: stored.product,
    pastDueSince: stored.pastDueSince,
    annualRate: stored.annualRate,
    status: stored.status,
    minimumPaymentDue: amount(stored.minimumDueMinor),
    creditLimit: amount(stored.creditLimitMinor),
    debtGroupId: stored.debtGroupId,
  };
}

function balancesOf(stored: StoredAccount | undefined, currency: string): Omit<AccountInput['balances'], 'principal'> {
  const amount = (minor: bigint | undefined) => fromMinor(stored?.currency === currency ? (minor ?? 0n) : 0n, currency);
  return {
    interest: amount(stored?.interestMinor),
    penalty: amount(stored?.penaltyMinor),
    fees: amount(stored?.feesMinor),
  };
}
