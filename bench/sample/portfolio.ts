import { type Contact, contactsOf } from './contacts.ts';
import { type Cells, COLUMNS, KINDS, type Kind, soil } from './dirt.ts';
import { type Draw, drawsFor } from './draw.ts';
import { type Card, playCard, yuan } from './ledger.ts';
import { type DirtShares, LEDGER, PEOPLE } from './parameters.ts';
import { type Person, personOf } from './person.ts';

export interface SampleOptions {
  readonly seed: number;
  /** Number of people. */
  readonly customers: number;
  /** YYYY-MM-DD, a bank day. */
  readonly asOf: string;
  /** Due dates in the record of a card. */
  readonly months: number;
  readonly dirt: DirtShares;
}

export interface SampleRow {
  readonly cells: readonly string[];
  readonly kinds: readonly Kind[];
  readonly truth: {
    readonly name: string;
    readonly residentId: string;
    readonly phone: string;
    readonly principal: string;
  };
  readonly customerId: string;
  readonly accountId: string;
  readonly card: Card;
}

/** Two customer numbers and what they are to each other. */
export interface PairLabel {
  readonly pair: readonly [string, string];
  /**
   * same_id: one person, both with the id. candidate: one person, an id is missing; name key and number agree.
   * shared_phone: two people with ids of their own, to be marked. namesake: two people with one name and birth date.
   */
  readonly kind: 'same_id' | 'candidate' | 'shared_phone' | 'namesake';
}

export interface SamplePerson {
  readonly person: Person;
  readonly rows: readonly SampleRow[];
  readonly pairs: readonly PairLabel[];
  readonly contacts: readonly Contact[];
}

const TOPIC = { cards: 3, dirt: 4, contacts: 5, months: 10 };
const QUARANTINED: ReadonlySet<Kind> = new Set(
  (Object.keys(KINDS) as Kind[]).filter((kind) => KINDS[kind].correction === 'quarantined'),
);

/** Everything of the person with this number, from 0 on: the same for a seed, whatever was asked before. */
export function samplePerson(options: SampleOptions, no: number): SamplePerson {
  const person = personOf(options.seed, no, options.asOf);
  const rows = rowsOf(options, no, person);
  const contacts = rows.flatMap((row, card) =>
    contactsOf(drawsFor(options.seed, no, TOPIC.contacts + 100 * card), row, options.asOf),
  );
  return { person, rows, pairs: pairsOf(options, no, person, rows), contacts };
}

function rowsOf(options: SampleOptions, no: number, person: Person): SampleRow[] {
  const { seed, asOf, months } = options;
  const draw = drawsFor(seed, no, TOPIC.cards);
  const cards = draw.chance(PEOPLE.severalCards) ? draw.int(2, 4) : 1;
  const twoNumbers = cards > 1 && draw.chance(PEOPLE.secondCustomerNumber);
  const dirt = drawsFor(seed, no, TOPIC.dirt);
  const rows: SampleRow[] = [];
  for (let at = 0; at < cards; at += 1) {
    const customerId = numbered('C', no, twoNumbers && at > 0 ? 2 : 1);
    const accountId = numbered('A', no, at + 1);
    const card = playCard(drawsFor(seed, no, TOPIC.months + at), asOf, months);
    rows.push(rowOf(options, person, { customerId, accountId, card }, dirt));
  }
  const repeated = dirt.chance(options.dirt.repeatedRow) ? rows.at(-1) : undefined;
  // A repeated row that is refused is refused twice.
  if (repeated && !isQuarantined(repeated)) rows.push({ ...repeated, kinds: [...repeated.kinds, 'repeated_row'] });
  return rows;
}

function rowOf(
  { asOf, dirt: shares }: SampleOptions,
  person: Person,
  held: Pick<SampleRow, 'customerId' | 'accountId' | 'card'>,
  draw: Draw,
): SampleRow {
  const { balances, pastDueSince, minimumDue, creditLimit } = held.card;
  const cells: Cells = {
    customer_id: held.customerId,
    name: person.name,
    resident_id: person.residentId,
    phone: person.phone,
    account_id: held.accountId,
    currency: 'CNY',
    as_of: asOf,
    past_due_since: pastDueSince ?? '',
    principal: yuan(balances.principal),
    interest: yuan(balances.interest),
    penalty: yuan(balances.penalty),
    fees: yuan(balances.fees),
    minimum_due: yuan(minimumDue),
    credit_limit: yuan(creditLimit),
    annual_rate: LEDGER.annualRate,
    status: 'open',
  };
  const kinds = soil(cells, draw, shares);
  // A name in traditional characters is kept as it came.
  const name = kinds.includes('name_traditional') ? cells.name : person.name;
  const residentId = kinds.includes('id_empty') ? '' : person.residentId;
  const truth = { name, residentId, phone: `+86${person.phone}`, principal: yuan(balances.principal) };
  return { cells: COLUMNS.map((column) => cells[column]), kinds, truth, ...held };
}

/** What the customer numbers of this person, and of the person before, are to each other, as far as rows are accepted. */
function pairsOf(options: SampleOptions, no: number, person: Person, rows: readonly SampleRow[]): PairLabel[] {
  const pairs: PairLabel[] = [];
  const numbers = [...new Set(accepted(rows).map(({ customerId }) => customerId))];
  const [first, second] = numbers;
  if (first !== undefined && second !== undefined) {
    pairs.push({ pair: [first, second], kind: hasId(rows, first) && hasId(rows, second) ? 'same_id' : 'candidate' });
  }
  if (!person.sharesPhone && !person.sharesName) return pairs;
  const before = rowsOf(options, no - 1, personOf(options.seed, no - 1, options.asOf));
  const kind = person.sharesPhone ? 'shared_phone' : 'namesake';
  for (const other of new Set(accepted(before).map(({ customerId }) => customerId))) {
    for (const own of numbers) {
      if (hasId(before, other) && hasId(rows, own)) pairs.push({ pair: [other, own], kind });
    }
  }
  return pairs;
}

function accepted(rows: readonly SampleRow[]): SampleRow[] {
  return rows.filter((row) => !isQuarantined(row));
}

export function isQuarantined({ kinds }: Pick<SampleRow, 'kinds'>): boolean {
  return kinds.some((kind) => QUARANTINED.has(kind));
}

function hasId(rows: readonly SampleRow[], customer: string): boolean {
  return accepted(rows).some(({ customerId, truth }) => customerId === customer && truth.residentId !== '');
}

function numbered(letter: string, no: number, part: number): string {
  return `${letter}${String(no + 1).padStart(7, '0')}-${part}`;
}
