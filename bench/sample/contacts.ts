import { fromDay, toDay } from './days.ts';
import type { Draw } from './draw.ts';
import { yuan } from './ledger.ts';
import { CONTACTS } from './parameters.ts';
import type { SampleRow } from './portfolio.ts';

/** In the shape of POST /v1/contact-attempts. */
export interface Contact {
  readonly attemptId: string;
  readonly customerId: string;
  readonly accountIds: readonly string[];
  readonly contactPointId: string;
  readonly channel: 'voice';
  readonly startedAt: string;
  readonly endedAt: string;
  readonly outcome: string;
  readonly identityVerified?: boolean;
  readonly collector: { readonly kind: 'creditor' | 'third_party'; readonly id: string };
  readonly note?: string;
}

/** The id that an import gives to the number of a file. */
const IMPORTED_POINT = 'm1';
const ZONE = '+08:00';

/** Calls of the last days on one late account, from 08:00 to before 20:00, at most one a day; none on a current one. */
export function contactsOf(draw: Draw, row: SampleRow, asOf: string): Contact[] {
  const state = row.card.pastDueSince === null ? 0 : row.card.states.at(-1)!;
  if (state === 0 || row.kinds.includes('repeated_row')) return [];
  const agency = state >= CONTACTS.agencyFromState && draw.chance(0.5);
  const calls: Contact[] = [];
  const last = toDay(asOf) - 1;
  for (let day = Math.max(toDay(row.card.pastDueSince!) + 1, last - CONTACTS.days + 1); day <= last; day += 1) {
    if (!draw.chance(CONTACTS.attemptsPerDay[state]!)) continue;
    const second = draw.int(8 * 3600, 20 * 3600 - 600);
    const { outcome, seconds, promise } = outcomeOf(draw, state);
    calls.push({
      attemptId: `sample:${row.accountId}:${fromDay(day)}`,
      customerId: row.customerId,
      accountIds: [row.accountId],
      contactPointId: IMPORTED_POINT,
      channel: 'voice',
      startedAt: `${fromDay(day)}T${clock(second)}${ZONE}`,
      endedAt: `${fromDay(day)}T${clock(second + seconds)}${ZONE}`,
      outcome,
      ...(outcome === 'conversation' && { identityVerified: true }),
      collector: agency ? { kind: 'third_party', id: 'agency-1' } : { kind: 'creditor', id: 'bank' },
      ...(promise && { note: promiseNote(draw, day, row) }),
    });
  }
  return calls;
}

function outcomeOf(draw: Draw, state: number): { outcome: string; seconds: number; promise: boolean } {
  if (draw.chance(CONTACTS.rightParty[state]!)) {
    const promise = draw.chance(CONTACTS.promise[state]!);
    return { outcome: 'conversation', seconds: draw.int(40, 420), promise };
  }
  const { thirdParty, wrongNumber, notInService } = CONTACTS;
  const rest = [thirdParty, wrongNumber, notInService, 0.05, 0.1, 1 - thirdParty - wrongNumber - notInService - 0.15];
  const outcomes = ['third_party_answered', 'wrong_number', 'not_in_service', 'refused', 'busy', 'no_answer'];
  const outcome = outcomes[draw.index(rest)]!;
  return { outcome, seconds: outcome === 'no_answer' ? 35 : draw.int(5, 60), promise: false };
}

function promiseNote(draw: Draw, day: number, row: SampleRow): string {
  return `promise to pay ${yuan(row.card.minimumDue)} by ${fromDay(day + draw.int(1, 7))}`;
}

function clock(second: number): string {
  const part = (value: number) => String(Math.floor(value) % 60).padStart(2, '0');
  return `${String(Math.floor(second / 3600)).padStart(2, '0')}:${part(second / 60)}:${part(second)}`;
}
