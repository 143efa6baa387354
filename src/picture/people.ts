import type { Ctx } from '../context.ts';
import { answerOf } from '../customers/answer.ts';
import { openCustomer, type StoredCustomer } from '../customers/repository.ts';
import type { Customer } from '../customers/schemas.ts';
import type { Directive } from '../directives/schemas.ts';
import { directiveOf } from '../directives/service.ts';
import { type Channel, KIND_OF_CHANNEL } from '../rules/contact/facts.ts';
import { bestHour, rightPartyRate } from '../rules/picture/right-party.ts';
import { DAY } from '../rules/time/zone.ts';
import { wireInstant } from '../validation.ts';
import type { DebtorRow, DirectiveDocument, TallyRow } from './repository.ts';
import type { PictureContactPoint, PictureParty } from './schemas.ts';

/** An hour with fewer attempts says nothing about when somebody answers. */
const BEST_HOUR_ATTEMPTS = 5;
const CONSENTS: readonly string[] = ['hours_consent', 'call_consent', 'private_line_approval'];
const OPT_OUTS: readonly string[] = ['channel_opt_out', 'address_opt_out', 'cease', 'third_party_refusal'];

const bytes = (base64: string | null) => (base64 === null ? null : Buffer.from(base64, 'base64'));
const instantOrNull = (text: string | null) => (text === null ? null : wireInstant(Temporal.Instant.from(text)));

/** The records of one debtor as customers are answered, masked where the caller may not read personal data. */
export function customersOf(ctx: Ctx, records: readonly DebtorRow[]): Customer[] {
  // As customers tell it: the survivor is the one that keeps its key, the older of two.
  const bySeniority = records.toSorted(
    (a, b) =>
      Number(a.own_key !== null) - Number(b.own_key !== null) ||
      Temporal.Instant.compare(a.created_at, b.created_at) ||
      (a.customer_id < b.customer_id ? -1 : 1),
  );
  const ids = records.map((record) => record.customer_id).sort();
  return records.map((record) => {
    const { customer_id, points } = record;
    const shared = points.filter((point) => point.shared).map((point) => `${customer_id}/${point.contact_point_id}`);
    const sameAs = ids.filter((id) => id !== customer_id);
    const person = sameAs.length === 0 ? undefined : { sameAs, survivorId: bySeniority[0]!.customer_id };
    return answerOf(ctx, storedOf(ctx, record), person, new Set(shared));
  });
}

function storedOf({ vault }: Ctx, record: DebtorRow): StoredCustomer {
  const { customer_id } = record;
  const parties = record.parties.map((party) => ({
    ...party,
    customer_id,
    name_sealed: bytes(party.name_sealed)!,
    social_credit_code_sealed: bytes(party.social_credit_code_sealed),
  }));
  const points = record.points.map((point) => ({
    ...point,
    customer_id,
    value_sealed: bytes(point.value_sealed)!,
    wrong_since: point.wrong_since === null ? null : Temporal.Instant.from(point.wrong_since),
  }));
  return openCustomer(vault, record, parties, (partyId) => points.filter(({ party_id }) => party_id === partyId));
}

/** The people of one record, each contact point with what contacts and directives tell of it. */
export function partiesOf(
  ctx: Ctx,
  record: DebtorRow,
  { parties }: Customer,
  tallies: readonly TallyRow[],
  directives: readonly Directive[],
  bankZone: string,
): PictureParty[] {
  const { customer_id: customerId } = record;
  const byPoint = Map.groupBy(
    tallies.filter((tally) => tally.customer_id === customerId),
    (tally) => tally.contact_point_id,
  );
  const wrongSince = new Map(record.points.map((point) => [point.contact_point_id, point.wrong_since]));
  return parties.map((party) => ({
    ...party,
    customerId,
    contactPoints: party.contactPoints.map((point) => {
      const { contactPointId } = point;
      const zone = point.timeZones[0] ?? record.time_zones[0] ?? bankZone;
      return {
        ...point,
        wrongSince: instantOrNull(wrongSince.get(contactPointId) ?? null),
        consents: covering(directives, CONSENTS, point, party.partyId),
        optOuts: covering(directives, OPT_OUTS, point, party.partyId),
        ...contactsOf(byPoint.get(contactPointId) ?? [], zone, ctx.now),
      };
    }),
  }));
}

/** Ids of the directives of these kinds that are about the contact point, its person, or anybody; null means any. */
function covering(
  directives: readonly Directive[],
  kinds: readonly string[],
  { contactPointId, kind }: Pick<PictureContactPoint, 'contactPointId' | 'kind'>,
  partyId: string,
): string[] {
  return directives
    .filter(
      (one) =>
        kinds.includes(one.kind) &&
        (one.partyId === null || one.partyId === partyId) &&
        (one.contactPointId === null || one.contactPointId === contactPointId) &&
        (one.channel === null || KIND_OF_CHANNEL[one.channel as Channel] === kind),
    )
    .map(({ directiveId }) => directiveId);
}

function contactsOf(rows: readonly TallyRow[], timeZone: string, now: Temporal.Instant) {
  const tallies = rows.map((row) => ({
    quarterMs: row.quarter.epochMilliseconds,
    attempts: row.attempts,
    rightParty: row.right_party,
  }));
  const daysAgo = (days: number) => now.epochMilliseconds - days * DAY;
  const hour = bestHour(tallies, timeZone, daysAgo(180), BEST_HOUR_ATTEMPTS);
  return {
    lastAttemptAt: wireInstant(rows.findLast((row) => row.last_attempt_at !== null)?.last_attempt_at ?? null),
    lastReachedAt: wireInstant(rows.findLast((row) => row.last_reached_at !== null)?.last_reached_at ?? null),
    last90Days: rightPartyRate(tallies, daysAgo(90)),
    last180Days: rightPartyRate(tallies, daysAgo(180)),
    bestHour: hour && { hour: hour.hour, timeZone, attempts: hour.attempts, rightParty: hour.rightParty },
  };
}

/** A directive in force as it is answered. */
export function directiveInForce(document: DirectiveDocument, now: Temporal.Instant): Directive {
  const { valid_from, valid_until, recorded_at, ...row } = document;
  return directiveOf(
    {
      ...row,
      valid_from: Temporal.Instant.from(valid_from),
      valid_until: valid_until === null ? null : Temporal.Instant.from(valid_until),
      recorded_at: Temporal.Instant.from(recorded_at),
      ended_at: null,
    },
    now,
  );
}
