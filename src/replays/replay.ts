import { type StoredAnswer, storedAnswer } from '../contact/answer.ts';
import type { Collector } from '../contact/facts.ts';
import { type Asked, atOf, type Judged, judge, judgeFacts, questionOf, withoutOld } from '../contact/judge.ts';
import type { DecidingPolicy } from '../contact/pin.ts';
import { foundAmong, householdOf } from '../contact/recount.ts';
import type { PermissionRequest } from '../contact/schemas.ts';
import type { Trx } from '../db/database.ts';
import { notFound } from '../errors.ts';
import type { Vault } from '../personal-data.ts';
import type { PolicyRegistry } from '../policy/registry.ts';
import type { ContactFacts } from '../rules/contact/facts.ts';
import { type Difference, differencesOf } from './differences.ts';
import { contactsOf, type DecisionRow } from './history.ts';
import { keysOf } from './keys.ts';
import { contactsNow, contactsThen, type Moment, profileNow } from './known.ts';
import { profileThen, recordedNow } from './recorded-now.ts';
import type { ReplayOf } from './schemas.ts';

/** Where the facts come from; accounts are played by what the packs say now. */
export interface ReplaySource {
  readonly trx: Trx;
  readonly vault: Vault;
  readonly accountPolicy: PolicyRegistry;
}

/** A decision taken once more. */
export interface Replayed {
  readonly answer: StoredAnswer;
  readonly differences: readonly Difference[];
}

/**
 * Takes a recorded decision again, on the facts that `as` chooses, with the packs of `policy`. Facts are compared too,
 * unless they are the recorded ones or another policy decides. In one snapshot of the database. Throws NOT_FOUND when the
 * customer is gone.
 */
export async function replay(
  source: ReplaySource,
  row: DecisionRow,
  as: ReplayOf,
  policy: DecidingPolicy,
  compareFacts: boolean,
): Promise<Replayed> {
  const recorded = row.answer as unknown as StoredAnswer;
  const facts = row.facts as unknown as ContactFacts;
  const asked = askedOf(row, facts);
  const judged =
    as === 'exact'
      ? { facts, ahead: [], ...judgeFacts(policy, facts, atOf(asked)) }
      : await judgedAgain(source, row, as, policy, asked);
  const answer = storedAnswer(judged, {
    decisionId: recorded.decisionId,
    reservationId: judged.verdict.permitted ? recorded.reservationId : null,
  });
  const ofFacts =
    as === 'exact' || !compareFacts
      ? []
      : differencesOf(inReach(facts, judged, asked), plain(judged.facts), '/record/facts');
  return { answer, differences: [...differencesOf(recorded, plain(answer), '', true), ...ofFacts] };
}

const plain = (value: unknown) => JSON.parse(JSON.stringify(value)) as unknown;

/** Packs that bind no such contact made the record keep contacts that count nowhere; they are not looked at. */
function inReach(facts: ContactFacts, { ahead }: Judged, asked: Asked): ContactFacts {
  const question = { ...questionOf(asked), debtor: facts.party.role === 'debtor' };
  return withoutOld(facts, ahead, question, atOf(asked));
}

/** The question as it was asked; a number that is not on file was kept nowhere but as its key. */
function askedOf(row: DecisionRow, { request, contactPoint }: ContactFacts): Asked {
  const asked = row.request as unknown as PermissionRequest;
  const { collectorKind: kind, collectorId: id, carrier } = request;
  const collector: Collector = { kind, id, ...(carrier === undefined ? {} : { carrier }) };
  const isUnknownNumber = contactPoint !== null && contactPoint.contactPointId === null;
  return {
    request: isUnknownNumber ? { ...asked, address: 'unknown' } : asked,
    collector,
    nowMs: row.recorded_at.epochMilliseconds,
  };
}

async function judgedAgain(
  { trx, vault, accountPolicy }: ReplaySource,
  row: DecisionRow,
  as: 'as_known_then' | 'as_known_now',
  policy: DecidingPolicy,
  asked: Asked,
): Promise<Judged> {
  const then = await profileThen(trx, row);
  const keys = then && (await keysOf(trx, vault, row, then.parties));
  if (then === undefined || keys === undefined) throw notFound('/decisionId', 'customer of the decision');
  const all = await contactsOf(trx, [...keys.all, ...(keys.address === null ? [] : [keys.address])]);
  const wasThen = as === 'as_known_then';
  const at = atOf(asked);
  const moment: Moment = {
    at: Temporal.Instant.fromEpochMilliseconds(at),
    inclusive: asked.request.at !== undefined,
  };
  const profile = wasThen
    ? then
    : profileNow(row, then, await recordedNow(trx, accountPolicy, row, moment), all.attempts, moment);
  const contacts = wasThen ? contactsThen(row, all, keys) : contactsNow(row, all, moment);
  const keyOf = (party: Parameters<typeof keys.of>[0]) => keys.of(party)[wasThen ? 'former' : 'current'];
  const { partyId, role } = (row.facts as unknown as ContactFacts).party;
  const debtor = then.parties.find((party) => party.role === 'debtor')!;
  const subjects = {
    person: keyOf({ id: partyId, role }),
    address: keys.address,
    debtor: keyOf(debtor),
    household: householdOf(then, keyOf),
  };
  const reach = policy.reach(profile.jurisdictions, { ...questionOf(asked), debtor: role === 'debtor' });
  const contactPointId = (row.facts as unknown as ContactFacts).contactPoint?.contactPointId ?? null;
  return judge(policy, asked, foundAmong(contacts, subjects, { profile, contactPointId }, reach, at));
}
