import type { ClientBase, Pool } from 'pg';
import type { PolicyRegistry } from '../policy/registry.ts';
import type { Question, Reach } from '../rules/contact/compile.ts';
import type { ContactEvent } from '../rules/contact/facts.ts';
import { DAY } from '../rules/time/zone.ts';
import type { Ask } from './decide.ts';
import { eventOf, type Found } from './facts.ts';
import { atOf, questionOf } from './judge.ts';
import {
  type EventRow,
  type FactsRow,
  loadEvents,
  loadFacts,
  type SubjectKey,
  type WantedEvents,
} from './repository.ts';

/** What is on file for one question, and the keys under which its contacts are counted. */
export interface Gathered {
  readonly found: Found;
  readonly profilePosition: string | null;
  readonly debtorKey: string | null;
  readonly personKey: string | null;
  readonly addressKey: string | null;
  /** Keys of debtor and spouse, where there is a spouse. */
  readonly householdKeys: readonly string[];
  /** The answer that an earlier request with the same requestId got; null where nothing is recorded. */
  readonly earlier: {
    readonly decisionId: string;
    readonly fingerprint: Buffer;
    readonly recordedAt: Temporal.Instant;
  } | null;
}

/** The earliest instant that is accepted anywhere, for contacts that count for ever. */
const FIRST_MS = 0;

export function subjectOf({ request, addressKey }: Ask): SubjectKey {
  return {
    customerId: request.customerId,
    partyId: request.partyId ?? null,
    contactPointId: request.contactPointId ?? null,
    addressKey,
  };
}

/**
 * Reads what the questions need, in one statement for all of them. How far back contacts count depends on where the
 * customer is, which only the answer tells: it is guessed from the last customer, and who needs more is read again.
 */
export async function gather(
  client: Pool | ClientBase,
  policy: PolicyRegistry,
  asks: readonly Ask[],
  { recorded }: { recorded: boolean },
): Promise<Gathered[]> {
  const guesses = asks.map((ask) => guessOf(policy, questionOf(ask)));
  const read = (indexes: readonly number[], reachMs: (index: number) => number) =>
    loadFacts(
      client,
      indexes.map((index) => ({
        ...subjectOf(asks[index]!),
        clientId: asks[index]!.clientId,
        requestId: recorded ? (asks[index]!.request.requestId ?? null) : null,
        sinceMs: sinceMs(asks[index]!, reachMs(index)),
      })),
    );
  const rows = await read(
    asks.map((_, index) => index),
    (index) => guesses[index]!,
  );
  const reaches = asks.map((ask, index) => reachOf(policy, ask, rows[index]!));
  const short = asks.flatMap((_, index) => (reaches[index]!.ms > guesses[index]! ? [index] : []));
  if (short.length > 0) {
    const again = await read(short, (index) => reaches[index]!.ms);
    for (const [position, index] of short.entries()) rows[index] = again[position]!;
  }
  return withOthers(client, asks, rows, reaches);
}

function sinceMs(ask: Ask, reachMs: number): number {
  return Math.max(FIRST_MS, atOf(ask) - reachMs);
}

/** How far back contacts of the last customer counted, by kind of question; per policy snapshot. */
const guesses = new WeakMap<PolicyRegistry, Map<string, number>>();

const guessKey = ({ channel, purpose, carrier }: Omit<Question, 'debtor'>) => `${channel} ${purpose} ${carrier ?? ''}`;

function guessOf(policy: PolicyRegistry, question: Omit<Question, 'debtor'>): number {
  return guesses.get(policy)?.get(guessKey(question)) ?? DAY;
}

const GUESSES_MAX = 1000;

function reachOf(policy: PolicyRegistry, ask: Ask, row: FactsRow): Reach {
  if (row.profile === null) return { ms: 0, debtorMs: 0 };
  const question = questionOf(ask);
  const reach = policy.reach(row.profile.jurisdictions, { ...question, debtor: row.person_key === row.debtor_key });
  const known = guesses.get(policy) ?? new Map<string, number>();
  if (known.size > GUESSES_MAX) known.clear();
  known.set(guessKey(question), reach.ms);
  guesses.set(policy, known);
  return reach;
}

/** Adds the contacts of people who are not addressed: the debtor, and the rest of the household. Most have neither. */
async function withOthers(
  client: Pool | ClientBase,
  asks: readonly Ask[],
  rows: readonly FactsRow[],
  reaches: readonly Reach[],
): Promise<Gathered[]> {
  const wanted: WantedEvents[] = [];
  const want = (subjectKeys: readonly string[], ask: Ask, reachMs: number) =>
    wanted.push({ subjectKeys, sinceMs: sinceMs(ask, reachMs) }) - 1;
  const others = rows.map((row, index) => {
    const ask = asks[index]!;
    const { ms, debtorMs } = reaches[index]!;
    const isOther = row.person_key !== null && row.person_key !== row.debtor_key;
    return {
      debtor: isOther && debtorMs > 0 ? want([row.debtor_key!], ask, debtorMs) : null,
      household: row.household_keys === null ? null : want(row.household_keys, ask, ms),
    };
  });
  const lists = wanted.length === 0 ? [] : await loadEvents(client, wanted);
  return rows.map((row, index) => {
    const { debtor, household } = others[index]!;
    return gathered(
      row,
      sinceMs(asks[index]!, reaches[index]!.ms),
      debtor === null ? [] : listOf(lists[debtor]!),
      household === null ? null : listOf(lists[household]!),
    );
  });
}

/** Oldest first, and of the same instant by id. */
export function listOf(rows: readonly EventRow[] | null): ContactEvent[] {
  if (rows === null) return [];
  const events = rows.map(eventOf);
  return events.length < 2 ? events : events.sort((a, b) => a.at - b.at || (a.id < b.id ? -1 : 1));
}

function gathered(row: FactsRow, sinceMs: number, debtor: Found['debtor'], household: Found['household']): Gathered {
  // More was read where the last customer needed it; an answer depends on its own customer alone.
  const inReach = (events: readonly ContactEvent[]) =>
    events.length === 0 || events[0]!.at >= sinceMs ? events : events.filter(({ at }) => at >= sinceMs);
  return {
    found: {
      profile: row.profile,
      contactPointId: row.contact_point_id,
      person: inReach(listOf(row.person_events)),
      number: inReach(listOf(row.number_events)),
      debtor,
      household,
    },
    profilePosition: row.profile_position,
    debtorKey: row.debtor_key,
    personKey: row.person_key,
    addressKey: row.address_key,
    householdKeys: row.household_keys ?? [],
    earlier:
      row.earlier_decision_id === null
        ? null
        : {
            decisionId: row.earlier_decision_id,
            fingerprint: row.earlier_fingerprint!,
            recordedAt: row.earlier_recorded_at!,
          },
  };
}
