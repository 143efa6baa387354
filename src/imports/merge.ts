import type { StoredAccount } from '../accounts/repository.ts';
import type { AccountInput } from '../accounts/schemas.ts';
import type { NormalisedCustomer } from '../customers/record.ts';
import type { StoredCustomer } from '../customers/repository.ts';
import type { ImportedAccount, ImportedCustomer } from './mapping.ts';

/** A file knows some facts of a customer and an account; those that it does not know stay what they are. Pure. */

type Party = NormalisedCustomer['parties'][number];
type Point = Party['contactPoints'][number];

/** Id of the contact point that holds the number of the file. */
const IMPORTED_POINT = 'm1';

/** A customer who was not on file: the debtor, with the number if the file has one. */
export function newCustomer({ name, residentId, phone }: ImportedCustomer): NormalisedCustomer {
  return {
    name,
    residentId,
    birthDate: null,
    language: 'zh-CN',
    jurisdictions: ['CN'],
    timeZones: ['Asia/Shanghai'],
    region: null,
    parties: [
      {
        partyId: 'self',
        role: 'debtor',
        name,
        socialCreditCode: null,
        contactPoints: phone ? [pointOf(IMPORTED_POINT, phone)] : [],
      },
    ],
  };
}

/**
 * A customer on file with what the file says of the debtor: name, resident id and number, where it has them. A new number
 * takes the place of the one that an earlier file brought; other people and contact points stay.
 */
export function mergedCustomer(stored: StoredCustomer, imported: ImportedCustomer): NormalisedCustomer {
  const taken = new Set(stored.parties.flatMap((party) => party.contactPoints.map((point) => point.contactPointId)));
  return {
    name: imported.name,
    residentId: imported.residentId ?? stored.residentId,
    birthDate: stored.birthDate,
    language: stored.language,
    jurisdictions: stored.jurisdictions,
    timeZones: stored.timeZones,
    region: stored.region,
    parties: stored.parties.map((party) =>
      party.role === 'debtor'
        ? { ...party, name: imported.name, contactPoints: withPhone(party.contactPoints, imported.phone, taken) }
        : party,
    ),
  };
}

function withPhone(points: readonly Point[], phone: ImportedCustomer['phone'], taken: ReadonlySet<string>): Point[] {
  const known = points.some((point) => point.kind === 'phone' && point.value === phone?.value);
  if (phone === null || known) return [...points];
  const index = points.findIndex((point) => point.contactPointId === IMPORTED_POINT && point.kind === 'phone');
  if (index >= 0) return points.with(index, pointOf(IMPORTED_POINT, phone));
  let id = IMPORTED_POINT;
  for (let no = 1; taken.has(id); no += 1) id = `import-${no}`;
  return [...points, pointOf(id, phone)];
}

function pointOf(contactPointId: string, { value, line }: NonNullable<ImportedCustomer['phone']>): Point {
  return {
    contactPointId,
    kind: 'phone',
    value,
    line,
    status: 'active',
    place: null,
    timeZones: [],
    verifiedOn: null,
    provenance: null,
  };
}

const UNKNOWN_FACTS = {
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

/** The account of the file, with the facts that files do not have from the one on file, if there is one. */
export function mergedAccount(stored: StoredAccount | undefined, imported: ImportedAccount): AccountInput {
  const { accountId: _, ...facts } = imported;
  const account = {
    ...UNKNOWN_FACTS,
    ...stored?.optionalFacts,
    ...OF_ONE_STATE,
    product: stored?.product ?? 'credit_card',
    debtGroupId: stored?.debtGroupId ?? null,
    ...facts,
  };
  return facts.annualRate === null ? account : { ...account, dailyRate: null };
}
