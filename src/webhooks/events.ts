import { z } from 'zod';
import { instantSchema } from '../validation.ts';

/**
 * Everything that is told to the outside, and the shape of its `data`: ids and states, never personal data. What an event
 * means is its description here; the documents are made from it.
 */

const id = z.string();
const contact = {
  customerId: id,
  partyId: id,
  channel: z.string(),
  collectorId: id,
};

const caseEntry = z.object({
  customerId: id,
  entryId: id,
  kind: z.string(),
  accountId: id.nullable(),
  collectorId: id.nullable(),
  outcome: z.string().nullable(),
});

export const EVENTS = {
  'reservation.unreported': z
    .object({ reservationId: id, decisionId: id, ...contact, expiredAt: instantSchema })
    .describe('A reserved contact was neither reported nor released in time; its slot keeps counting'),
  'reservation.reported_late': z
    .object({ reservationId: id.nullable(), attemptId: id, ...contact, startedAt: instantSchema })
    .describe('A contact was reported that no live reservation covered'),
  'contact.without_permission': z
    .object({
      incidentId: id,
      kind: z.string(),
      customerId: id,
      channel: z.string(),
      collectorId: id,
      attemptId: id.nullable(),
      reservationId: id.nullable(),
      startedAt: instantSchema,
    })
    .describe('A contact for which no permission was in force, as its report or a call record shows'),
  'decision.would_differ': z
    .object({ decisionId: id, customerId: id, permitted: z.boolean(), wouldBePermitted: z.boolean() })
    .describe('With what is known now, a stored decision would be another'),
  'payment.recorded': z
    .object({ paymentId: id, accountId: id, customerId: id, postedOn: z.string() })
    .describe('A payment was recorded for an account; of a file of payments only its end is told'),
  'payment.reversed': z
    .object({ paymentId: id, accountId: id, customerId: id, kind: z.string(), reversedOn: z.string() })
    .describe('A payment was reversed or charged back'),
  'account.cured': z
    .object({ accountId: id, customerId: id, pastDueSince: z.string() })
    .describe('A payment or an adjustment paid what an account had missed; the due date is the one it had missed'),
  'account.past_due': z
    .object({ accountId: id, customerId: id, pastDueSince: z.string() })
    .describe('An account that was not past due has missed a due date: time passed, or a payment was taken back'),
  'case_entry.recorded': caseEntry.describe('Something became known of a customer, such as a complaint or a placement'),
  'case_entry.ended': caseEntry.describe(
    'A case entry holds no more; a complaint has its outcome, a placement its reason',
  ),
  'policy.published': z
    .object({ pack: z.string(), version: z.string(), contentHash: z.string(), effectiveFrom: instantSchema })
    .describe('A version of a policy pack was published'),
  'policy.withdrawn': z
    .object({ pack: z.string(), version: z.string(), contentHash: z.string() })
    .describe('A published version of a policy pack was taken back before its day'),
  'customer.merged': z
    .object({ mergeId: id, survivorId: id, mergedId: id, basis: z.string(), ruleVersion: z.string() })
    .describe('Two customers are one person from now on, by rule or because somebody has said so'),
  'customer.merge_undone': z
    .object({ mergeId: id, survivorId: id, mergedId: id, basis: z.string() })
    .describe('Two customers are no longer one person'),
  'duplicate.found': z
    .object({ candidateId: id, customerId: id, otherCustomerId: id, score: z.number(), ruleVersion: z.string() })
    .describe('Two customers may be one person; somebody has to look at it'),
  'import.started': z
    .object({ importId: id, source: z.string(), sourceVersion: z.int(), dryRun: z.boolean() })
    .describe('The work on a file has begun'),
  'import.progress': z
    .object({
      importId: id,
      percent: z.int(),
      rowsRead: z.int(),
      rowsTotal: z.int(),
      accepted: z.int(),
      duplicates: z.int(),
      quarantined: z.int(),
    })
    .describe('A further tenth of the rows was read; at most every ten seconds'),
  'import.paused': z.object({ importId: id, rowsRead: z.int() }).describe('Somebody has paused the work on a file'),
  'import.held': z
    .object({ importId: id, code: z.string() })
    .describe('Control sums of a file do not match; nothing was applied, and somebody has to decide'),
  'import.completed': z
    .object({ importId: id, dryRun: z.boolean(), accepted: z.int(), duplicates: z.int(), quarantined: z.int() })
    .describe('A file was applied, or in a dry run read through'),
  'import.failed': z
    .object({
      importId: id,
      status: z.string(),
      code: z.string(),
      accepted: z.int(),
      duplicates: z.int(),
      quarantined: z.int(),
    })
    .describe('A file was refused or given up; what is counted was applied before'),
  'import.cancelled': z
    .object({ importId: id, rowsRead: z.int(), accepted: z.int(), duplicates: z.int(), quarantined: z.int() })
    .describe('Somebody has stopped the work on a file; what is counted was applied before'),
  'backtest.completed': z
    .object({ backtestId: id, pack: z.string(), version: z.string(), decisionsRead: z.int(), differing: z.int() })
    .describe('A draft was tried on stored decisions'),
} as const satisfies Record<string, z.ZodObject>;

export type EventType = keyof typeof EVENTS;
export const EVENT_TYPES = Object.keys(EVENTS) as [EventType, ...EventType[]];

/** An event as a feature emits it; `key` names the subject whose events stay in order, such as a customer's id. */
export type NewEvent = {
  [T in EventType]: { readonly type: T; readonly key: string; readonly data: z.input<(typeof EVENTS)[T]> };
}[EventType];
