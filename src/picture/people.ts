import type { Ctx } from '../context.ts';
import { sealedAt } from '../customers/repository.ts';
import { maskAddress } from '../customers/service.ts';
import type { Directive } from '../directives/schemas.ts';
import { directiveOf } from '../directives/service.ts';
import { maskName, maskNumber } from '../personal-data.ts';
import { type Channel, KIND_OF_CHANNEL } from '../rules/contact/facts.ts';
import { bestHour, rightPartyRate } from '../rules/picture/right-party.ts';
import { DAY } from '../rules/time/zone.ts';
import { wireInstant } from '../validation.ts';
import type { DebtorRow, DirectiveDocument, PointDocument, TallyRow } from './repository.ts';
import type { CustomerPicture, PictureContactPoint, PictureParty } from './schemas.ts';

/** An hour with fewer attempts says nothing about when somebody answers. */
const BEST_HOUR_ATTEMPTS = 5;
const CONSENTS: readonly string[] = ['hours_consent', 'call_consent', 'private_line_approval'];
const OPT_OUTS: readonly string[] = ['channel_opt_out', 'address_opt_out', 'cease', 'third_party_refusal'];

const bytes = (base64: string) => Buffer.from(base64, 'base64');
const instantOrNull = (text: string | null) => (text === null ? null : wireInstant(Temporal.Instant.from(text)));

/** The customer alone, without the people around them. */
export function customerOf(ctx: Ctx, row: DebtorRow, masked: boolean): CustomerPicture['customer'] {
  const name = ctx.vault.open(sealedAt.name(row.customer_id), row.name_sealed);
  const residentId =
    row.resident_id_sealed === null
      ? null
      : ctx.vault.open(sealedAt.residentId(row.customer_id), row.resident_id_sealed);
  return {
    customerId: row.customer_id,
    name: masked ? maskName(name) : name,
    residentId: residentId !== null && masked ? maskNumber(residentId) : residentId,
    language: row.language,
    jurisdictions: row.jurisdictions,
    timeZones: row.time_zones,
    region: row.region,
  };
}

/** The people of one record, each contact point with what contacts and directives tell of it. */
export function partiesOf(
  ctx: Ctx,
  row: DebtorRow,
  tallies: readonly TallyRow[],
  directives: readonly Directive[],
  bankZone: string,
  masked: boolean,
): PictureParty[] {
  const byPoint = Map.groupBy(
    tallies.filter((tally) => tally.customer_id === row.customer_id),
    (tally) => tally.contact_point_id,
  );
  return row.parties.map((party) => {
    const name = ctx.vault.open(sealedAt.partyName(row.customer_id, party.id), bytes(party.sealed));
    return {
      customerId: row.customer_id,
      partyId: party.id,
      role: party.role as PictureParty['role'],
      name: masked ? maskName(name) : name,
      contactPoints: row.points
        .filter((point) => point.partyId === party.id)
        .map((point) => {
          const value = ctx.vault.open(sealedAt.value(row.customer_id, point.id), bytes(point.sealed));
          const kind = point.kind as PictureContactPoint['kind'];
          const zone = point.timeZones[0] ?? row.time_zones[0] ?? bankZone;
          return {
            contactPointId: point.id,
            kind,
            value: masked ? maskAddress(kind, value) : value,
            line: point.line as PictureContactPoint['line'],
            status: point.status as PictureContactPoint['status'],
            place: point.place as PictureContactPoint['place'],
            timeZones: point.timeZones,
            verifiedOn: point.verifiedOn,
            provenance: point.provenance as PictureContactPoint['provenance'],
            shared: point.shared,
            wrongSince: instantOrNull(point.wrongSince),
            consents: covering(directives, CONSENTS, point, party.id),
            optOuts: covering(directives, OPT_OUTS, point, party.id),
            ...contactsOf(byPoint.get(point.id) ?? [], zone, ctx.now),
          };
        }),
    };
  });
}

/** Ids of the directives of these kinds that are about the contact point, its person, or anybody; null means any. */
function covering(
  directives: readonly Directive[],
  kinds: readonly string[],
  point: PointDocument,
  partyId: string,
): string[] {
  return directives
    .filter(
      (one) =>
        kinds.includes(one.kind) &&
        (one.partyId === null || one.partyId === partyId) &&
        (one.contactPointId === null || one.contactPointId === point.id) &&
        (one.channel === null || KIND_OF_CHANNEL[one.channel as Channel] === point.kind),
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
