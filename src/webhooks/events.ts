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
  'import.completed': z
    .object({ importId: id, accepted: z.int(), duplicates: z.int(), quarantined: z.int() })
    .describe('A file was applied'),
  'import.failed': z
    .object({
      importId: id,
      status: z.string(),
      code: z.string(),
      accepted: z.int(),
      duplicates: z.int(),
      quarantined: z.int(),
    })
    .describe('A file was refused or held, or given up; what is counted was applied before'),
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
